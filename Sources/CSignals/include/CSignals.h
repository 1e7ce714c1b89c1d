#ifndef CSIGNALS_H
#define CSIGNALS_H

// Signals that other processes send to this one.
//
// A handler of a signal runs on whichever thread the kernel picks, on that thread's stack. Code that
// a library makes at run time (oneDNN's products) may keep data below the stack pointer, where the
// frame of a handler overwrites it. So no handler ever runs here: the signals are blocked in every
// thread, also in those that libraries start while they load, and one thread waits for them.

// Blocks them in the calling thread and in all that it starts. Runs by itself before the first
// library is initialised, in every program that links this target but does not define
// csignals_are_open.
void csignals_hold(void);

// Makes the calling thread the one that takes them, and names it "signals".
void csignals_become_taker(void);

// Waits for the next of them, on that thread. Those that the process was started
// to ignore (nohup) never come, nor does SIGCHLD, whose default is to do nothing.
int csignals_take(void);

// Lets the system do what it does by default about `number`: end the process.
void csignals_obey(int number);

// Whether the process was started to ignore `number`.
int csignals_is_ignored(int number);

// Has the thread that takes them be sent those, too, that reach a thread of a library which waits
// with a mask of its own. It is a handler that does so: for programs that compute nothing.
void csignals_pass_on(void);

#endif
