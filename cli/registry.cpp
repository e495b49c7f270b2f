#include "cli/command.h"

namespace secretfs {

std::vector<Command> Commands() {
  return {MountCommand(),   CheckCommand(),  StatusCommand(), DecryptCommand(),
          EncryptCommand(), KeygenCommand(), TokensCommand(), GitCredentialCommand()};
}

}  // namespace secretfs
