// expect: deleted
#include "base/log.h"

void Tell(secretfs::Log& log, const secretfs::Bytes& bytes);
void Tell(secretfs::Log& log, const secretfs::Bytes& bytes) {
#ifdef CONTROL
  log.Info("made", {secretfs::Field("bytes", bytes.size())});
#else
  log.Info("made", {secretfs::Field("bytes", bytes)});
#endif
}
