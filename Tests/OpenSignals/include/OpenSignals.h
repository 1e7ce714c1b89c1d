// Linked into the bundle of tests: see csignals_hold.
extern const int csignals_are_open;
