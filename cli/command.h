// Commands of the program: one is one file here, one line in registry.cpp and one section of
// secretfs(1).
#pragma once

#include <functional>
#include <vector>

#include "cli/exit_code.h"

namespace CLI {
class App;
}

namespace secretfs {

struct Command {
  const char* name;
  const char* summary;  // one line for --help
  /// Declares the command's options and gives what runs it once they are parsed.
  std::function<std::function<ExitCode()>(CLI::App&)> add;
  bool hidden = false;  // from --help: nobody but secretfs itself runs it
};

std::vector<Command> Commands();

// One factory per file of a command.
Command ActorCommand();
Command AuditCommand();
Command CheckCommand();
Command DecryptCommand();
Command EditCommand();
Command EncryptCommand();
Command ExplainCommand();
Command GitCredentialCommand();
Command GuardCommand();
Command ImportCommand();
Command InspectCommand();
Command KeeperCommand();
Command KeygenCommand();
Command MountCommand();
Command PremountCommand();
Command RekeyCommand();
Command ReloadCommand();
Command ServerCommand();
Command StatusCommand();
Command SuperviseCommand();
Command TokensCommand();
Command UnmountCommand();

}  // namespace secretfs
