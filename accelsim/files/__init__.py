"""Everything that touches the file system or a user's text: YAML with positions, validation, shipped files, writing."""

from accelsim.files.catalog import locate, shipped
from accelsim.files.document import Document, display, dump_yaml, parse_yaml, read_text, read_yaml
from accelsim.files.validation import validate
from accelsim.files.writing import streamed, write_atomically

__all__ = [
    "Document",
    "display",
    "dump_yaml",
    "locate",
    "parse_yaml",
    "read_text",
    "read_yaml",
    "shipped",
    "streamed",
    "validate",
    "write_atomically",
]
