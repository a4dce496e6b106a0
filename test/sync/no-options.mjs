// No options at all.
export default 7;
