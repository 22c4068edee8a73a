/* Open MPI 1.10 for a program that runs in one process and so never sends anything.
 *
 * CNTK 2.7 links against libmpi.so.12 and libmpi_cxx.so.1, which no distribution has any more.
 * At import it only asks whether MPI was started. Build both libraries from this file:
 *
 *   for name in libmpi.so.12 libmpi_cxx.so.1; do
 *     gcc -shared -fPIC -Wl,-soname,$name -o $name mpi_stub.c
 *   done
 */
#include <stdlib.h>

int MPI_Initialized(int *flag) { return *flag = 0; }
int MPI_Finalized(int *flag) { return *flag = 0; }

/* Objects whose address is taken: 512 bytes are enough for Open MPI's largest. */
#define OBJECT(name) char name[512];
OBJECT(ompi_mpi_comm_world) OBJECT(ompi_mpi_comm_null) OBJECT(ompi_mpi_op_sum)
OBJECT(ompi_mpi_char) OBJECT(ompi_mpi_int) OBJECT(ompi_mpi_long_long_int)
OBJECT(ompi_mpi_float) OBJECT(ompi_mpi_double)

/* Functions whose address is taken; whoever calls one would need the real library. */
#define ABSENT(name) void name(void) { abort(); }
ABSENT(ompi_mpi_cxx_op_intercept)
ABSENT(_ZN3MPI8Datatype4FreeEv) ABSENT(_ZN3MPI4CommC2Ev) ABSENT(_ZN3MPI3Win4FreeEv)
