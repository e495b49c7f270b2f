#include "cli/command.h"

namespace secretfs {

std::vector<Command> Commands() {
  return {MountCommand(),         CheckCommand(),   StatusCommand(), AuditCommand(),
          DecryptCommand(),       EncryptCommand(), KeygenCommand(), InspectCommand(),
          EditCommand(),          RekeyCommand(),   ImportCommand(), TokensCommand(),
          GitCredentialCommand(), ActorCommand()};
}

}  // namespace secretfs
