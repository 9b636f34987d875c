/* Numbers as accelsim.report.numbers writes them: counts in full, measures with four significant digits. */
const NONE = "-";

/* The digits of a positive number rounded to so many, ties to even as Python does, and its power of ten. */
function rounded(value, digits) {
  const [mantissa, power] = value.toExponential(60).split("e");
  const tail = mantissa.replace(".", "").slice(digits);
  let text = value.toExponential(digits - 1);
  if (/^50*$/.test(tail) && "02468".includes(mantissa.replace(".", "")[digits - 1])) {
    text = `${mantissa.slice(0, digits === 1 ? 1 : digits + 1)}e${power}`;
  }
  return [Number(text), Number(text.split("e")[1])];
}

function significant(value, digits = 4) {
  if (value === null || value === undefined || Number.isNaN(value)) return NONE;
  if (value === 0) return "0";
  const sign = value < 0 ? "-" : "";
  const [number, power] = rounded(Math.abs(value), digits);
  if (power < -4 || power > 8) {
    const [mantissa, exponent] = number.toExponential(digits - 1).split("e");
    return `${sign}${mantissa}e${exponent[0]}${exponent.slice(1).padStart(2, "0")}`;
  }
  const [whole, part] = number.toFixed(Math.max(0, digits - 1 - power)).split(".");
  return sign + accelsim.count(whole) + (part === undefined ? "" : `.${part}`);
}

function count(value) {
  return value === null || value === undefined ? NONE : accelsim.count(value);
}

function percent(share) {
  return share === null || share === undefined ? NONE : fixed(100 * share, 1);
}

/* A number with so many decimals, ties to even as Python does. */
function fixed(value, decimals) {
  const [whole, part] = Math.abs(value).toFixed(Math.min(100, decimals + 40)).split(".");
  const kept = `${whole}.${part.slice(0, decimals)}`;
  const isTie = /^50*$/.test(part.slice(decimals)) && "02468".includes(kept.replace(/\.$/, "").slice(-1));
  const text = isTie ? kept.replace(/\.$/, "") : Math.abs(value).toFixed(decimals);
  return value < 0 && Number(text) !== 0 ? `-${text}` : text;
}

/* The divisor and name of the unit in which the largest of these energies is at least one. */
function energyScale(values, unit) {
  const largest = Math.max(0, ...values.filter((value) => value !== null && value !== undefined).map(Math.abs));
  const names = unit === "pJ" ? ["J", "mJ", "uJ", "nJ", "pJ"] : ["T MAC", "G MAC", "M MAC", "k MAC", "MAC"];
  const factors = [1e12, 1e9, 1e6, 1e3, 1];
  const found = factors.findIndex((factor) => largest >= factor);
  const index = found < 0 ? 4 : found;
  return [factors[index], names[index]];
}
