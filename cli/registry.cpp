#include "cli/command.h"

namespace secretfs {

std::vector<Command> Commands() {
  return {MountCommand(),   ActorCommand(),  CheckCommand(),   StatusCommand(),
          ReloadCommand(),  AuditCommand(),  ExplainCommand(), DecryptCommand(),
          EncryptCommand(), KeygenCommand(), InspectCommand(), EditCommand(),
          RekeyCommand(),   ImportCommand(), TokensCommand(),  GitCredentialCommand(),
          GuardCommand()};
}

}  // namespace secretfs
