// expect: deleted
#include "base/log.h"

void Tell(secretfs::Log& log, const secretfs::SecretPtr& secret);
void Tell(secretfs::Log& log, const secretfs::SecretPtr& secret) {
#ifdef CONTROL
  log.Info("made", {secretfs::Field("bytes", secret->size())});
#else
  log.Info("made", {secretfs::Field("bytes", secret)});
#endif
}
