/*
 * libpq/libpq-fs.h - how a large object is opened: the mode of lo_open and lo_creat.
 */
#ifndef LIBPQ_FS_H
#define LIBPQ_FS_H

#define INV_WRITE 0x00020000 /* for writing; reading works as well */
#define INV_READ 0x00040000  /* for reading */

#endif /* LIBPQ_FS_H */
