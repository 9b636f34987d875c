"""Tables, figures and files from evaluations: machines compared, executed counts beside closed form."""
