#include "OpenSignals.h"

// The test runner ends by signals as any program does, and its children start without a mask.
const int csignals_are_open = 1;
