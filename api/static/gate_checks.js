// The checks of the gate, evaluated where there is no line: the rows are those of the gate's rules,
// the facts plain values (text, whole numbers, null, lists of texts; instants in seconds since 1970).
// logistics/check.py evaluates the same rows, and tests/logistics/gate_check_vectors.json holds both
// to the same answers. What is not known, a fact or an operator, is an error and never a check passed.

const known = (one, other) => one !== null && other !== null;
const OPERATORS = {
  "=": (one, other) => one === other,
  "!=": (one, other) => one !== other,
  "<": (one, other) => known(one, other) && one < other,
  ">=": (one, other) => known(one, other) && one >= other,
  "in": (one, many) => many.includes(one),
  "not in": (one, many) => !many.includes(one),
  "any": (many, wanted) => (many.length > 0) === wanted,
};

function factOf(name, facts) {
  if (!Object.hasOwn(facts, name)) throw new Error(`there is no fact ${name}`);
  return facts[name];
}

function holds([fact, op, value], facts) {
  if (!Object.hasOwn(OPERATORS, op)) throw new Error(`there is no operator ${op}`);
  const isFact = value !== null && typeof value === "object" && !Array.isArray(value);
  return OPERATORS[op](factOf(fact, facts), isFact ? factOf(value.fact, facts) : value);
}

// Returns the checks that fail for a kind of scan, in their order; none: the truck may go on.
export function failing(checks, kind, facts) {
  return checks.filter(
    (check) => check.kinds.includes(kind) && check.when.map((one) => holds(one, facts)).every(Boolean),
  );
}
