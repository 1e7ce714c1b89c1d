#ifndef CHDF5_H
#define CHDF5_H
#endif
