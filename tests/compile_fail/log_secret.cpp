// expect: deleted
#include "base/log.h"

void Tell(secretfs::Log& log, const secretfs::SecretBytes& secret);
void Tell(secretfs::Log& log, const secretfs::SecretBytes& secret) {
#ifdef CONTROL
  log.Info("made", {{"bytes", secret.size()}});
#else
  log.Info("made", {secretfs::Field("bytes", secret)});
#endif
}
