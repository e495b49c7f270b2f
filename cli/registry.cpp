#include "cli/command.h"

namespace secretfs {

std::vector<Command> Commands() {
  return {MountCommand(),   SuperviseCommand(),     ServerCommand(),  ActorCommand(),
          CheckCommand(),   StatusCommand(),        ReloadCommand(),  AuditCommand(),
          ExplainCommand(), DecryptCommand(),       EncryptCommand(), KeygenCommand(),
          InspectCommand(), EditCommand(),          RekeyCommand(),   ImportCommand(),
          TokensCommand(),  GitCredentialCommand(), GuardCommand(),   PremountCommand(),
          UnmountCommand(), KeeperCommand()};
}

}  // namespace secretfs
