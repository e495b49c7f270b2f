// `secretfs server`: what `supervise` starts. It serves a mount that is there already.
#include <CLI/CLI.hpp>
#include <memory>

#include "cli/command.h"
#include "cli/config_option.h"
#include "cli/serve.h"
#include "cli/ui.h"
#include "daemon/config_files.h"

namespace secretfs {
namespace {

struct Options {
  ServeOptions serve;
  bool root = false;
  bool no_resend = false;
  bool no_slots = false;
};

ExitCode Run(Options& options) {
  auto takeover = TakeDescriptors(options.root, {!options.no_resend, !options.no_slots});
  if (!takeover) return ui::Fail(takeover.error(), ExitCode::kUsage);
  // Whose the files are follows from whose the mount is, not from who serves it.
  options.serve.defaults = options.root ? ConfigDefaults{} : DefaultsForThisUser();
  return Serve(options.serve, *std::move(takeover));
}

}  // namespace

Command ServerCommand() {
  return {"server", "serve a mount for its supervisor",
          [](CLI::App& app) {
            const auto options = std::make_shared<Options>();
            AddConfigOption(app, options->serve.config);
            app.add_option("--mount-point", options->serve.mount_point)->required();
            app.add_flag("--root", options->root, "root mounted, and left a copy of the mount");
            app.add_flag("--debug", options->serve.debug);
            app.add_flag("--no-resend", options->no_resend, "for tests");
            app.add_flag("--no-slots", options->no_slots, "for tests");
            return [options] { return Run(*options); };
          },
          true};
}

}  // namespace secretfs
