#include "cli/command.h"

namespace secretfs {

std::vector<Command> Commands() {
  return {MountCommand(),   CheckCommand(),  StatusCommand(),  DecryptCommand(),
          EncryptCommand(), KeygenCommand(), InspectCommand(), EditCommand(),
          RekeyCommand(),   ImportCommand(), TokensCommand(),  GitCredentialCommand(),
          ActorCommand()};
}

}  // namespace secretfs
