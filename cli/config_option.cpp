#include "cli/config_option.h"

#include <CLI/CLI.hpp>

#include "cli/ui.h"

namespace secretfs {

void AddConfigOption(CLI::App& app, std::string& file) {
  app.add_option("CONFIG", file, "the configuration; config.d/*.yaml beside it belongs to it")
      ->capture_default_str();
}

ExitCode FailOnConfig(const Error& error) {
  switch (error.code) {
    case Code::kInvalid:
    case Code::kNotFound:
    case Code::kTooLarge:
      return ui::Fail(error, ExitCode::kConfigInvalid);
    default:
      return ui::Fail(error);
  }
}

}  // namespace secretfs
