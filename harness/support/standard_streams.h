// What the program does with the streams and signals that it is started with.
#pragma once

namespace plelab {

// To be called first.  Opens those of the standard streams that are closed, because the next file that is
// opened would take the place of one, and the program's words would be written into it; a closed standard
// output stays one that cannot be written.  A closed pipe (SIGPIPE) and a limit of file sizes (SIGXFSZ)
// become errors of the write instead of ending the process, and children can be waited for (SIGCHLD).
void PrepareStandardStreams();

// Writes out what std::cout and stdout hold.  Throws RunError with the reason when something that was printed
// so far could not be written.
void FlushStandardOutput();

}  // namespace plelab
