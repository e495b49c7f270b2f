// The configuration loader on any bytes: one or two files, split at a NUL byte. Besides not
// crashing, what it accepts must keep its promises: names are valid, every source is declared, and
// complaints have a place and no raw control characters of the input.
#include "core/config.h"

#include <cstdlib>
#include <functional>

#include "base/text.h"
#include "core/name.h"
#include "core/snapshot.h"
#include "tests/unit/core/config_fixture.h"

namespace {

using namespace secretfs;

void Require(bool holds) {
  if (!holds) std::abort();
}

void CheckAccepted(const Config& config) {
  std::vector<File> declared_files;
  const auto add = [&](const std::string& name, const Access& access) {
    Require(!NameProblem(name));
    Require((access.mode & ~mode_t{0777}) == 0);
    Require(access.wait.count() >= 0 && access.wait <= std::chrono::hours(1));
    declared_files.push_back(
        {std::make_shared<Entry>(EntrySpec{.name = name, .origin = "", .inputs = {}, .make = {}}),
         access});
  };
  const auto declared = [&](const std::string& name) {
    for (const SourceConfig& source : config.sources) {
      if (source.name == name) return true;
    }
    return false;
  };
  for (const SecretConfig& secret : config.secrets) {
    add(secret.name, secret.access);
    Require(secret.source.empty() != secret.kind.empty());
    Require(!secret.ref.empty());
    Require(secret.source.empty() || declared(secret.source));
  }
  for (const ViewConfig& view : config.views) {
    add(view.name, view.access);
    Require(view.source.empty() || declared(view.source));
  }
  const auto check_file = [](const KeyFile& file) {
    Require(file.path.empty() != file.credential.empty());
    Require(file.path.empty() || file.path.front() == '/');
  };
  for (const IdentityConfig& identity : config.identities) {
    check_file(identity.file);
    if (identity.passphrase) check_file(*identity.passphrase);
  }
  if (config.plugins) {
    Require(config.plugins->folder.front() == '/');
    Require(config.plugins->timeout.count() > 0);
    for (const auto& [plugin, file] : config.plugins->secrets) {
      Require(plugin.find('/') == std::string::npos);
      check_file(file);
    }
  }
  // The tree can be built, and each name is found in it once.
  const SnapshotPtr snapshot = Snapshot::Build(declared_files, WallTime());
  size_t files = 0;
  const std::function<void(const Node&)> visit = [&](const Node& node) {
    if (node.credstore) return;
    if (!node.is_directory()) ++files;
    for (const uint64_t child : node.children) visit(*snapshot->Find(child));
  };
  visit(*snapshot->Find(kRootInode));
  Require(files == declared_files.size());
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string_view all(reinterpret_cast<const char*>(data), size);
  const std::string_view first = all.substr(0, all.find('\0'));
  std::vector<ConfigText> texts{{"a.yaml", "/a", first}};
  if (first.size() < all.size()) texts.push_back({"b.yaml", "/b", all.substr(first.size() + 1)});
  static const Vocabulary vocabulary = test::SomeVocabulary();
  const auto loaded = LoadConfig(texts, vocabulary, {});
  if (loaded) {
    CheckAccepted(*loaded);
    return 0;
  }
  const Error& error = loaded.error();
  Require(error.where.starts_with("a.yaml") || error.where.starts_with("b.yaml"));
  Require(!error.what.empty() && Printable(error.what) == error.what);
  return 0;
}
