#include "daemon/upkeep.h"

#include <gtest/gtest.h>
#include <sys/stat.h>

#include <condition_variable>
#include <future>

#include "base/file.h"
#include "daemon/config_files.h"
#include "tests/testkit/entries.h"
#include "tests/testkit/fake_accounts.h"
#include "tests/testkit/recording_log.h"
#include "tests/testkit/temp_dir.h"

namespace secretfs {
namespace {

using testkit::TextOf;

/// A whole daemon but for the kernel: files are read, nobody watches them but the test.
class UpkeepTest : public testing::Test {
 protected:
  void Write(const std::string& name, std::string_view text) {
    ASSERT_TRUE(ReplaceFile(PathTo(name), AsBytes(text), 0600));
  }
  [[nodiscard]] std::string PathTo(const std::string& name) const {
    return folder_.path() + "/" + name;
  }
  /// Serves the configuration `yaml`.
  void Start(std::string_view yaml) {
    Write("config.yaml", yaml);
    const Config config = ReadConfig(PathTo("config.yaml"), {}).value();
    Assembly assembly = Assemble(config, log_).value();
    assembly.UseIdentities();
    snapshots_.Publish(Snapshot::Build(assembly.files, {}));
    upkeep_.emplace(MakeServices(), Upkeep::Start{std::move(assembly), {}, {PathTo("passwd")}});
    upkeep_->Run();
    Await([this] { return !watched_.empty(); });
  }
  Upkeep::Services MakeServices() {
    return {.snapshots = snapshots_,
            .loader = loader_,
            .accounts = accounts_,
            .clock = clock_,
            .log = log_,
            .read = [this] { return ReadConfig(PathTo("config.yaml"), {}); },
            .config_files = [this] { return ConfigPaths(PathTo("config.yaml")); },
            .configure = [this](const Config&) -> Status {
              if (refuse_) return Error{Code::kInvalid, "refused", "", ""};
              return Ok{};
            },
            .watch = [this](auto paths) { Note([&] { watched_ = std::move(paths); }); },
            .announce =
                [this](const Changes& changes) {
                  Note([&] {
                    for (const Changes::File& file : changes.files) told_.push_back(file.path);
                  });
                },
            .ask =
                [this](const ChangeTracker::Due& due) {
                  Note([&] { asked_.push_back(due.what.unit + " for " + due.name); });
                },
            .keep = [](const std::vector<File>&) {}};
  }
  template <class Body>
  void Note(const Body& body) {
    const std::lock_guard lock(mutex_);
    body();
    noted_.notify_all();
  }
  template <class Fact>
  void Await(const Fact& fact) {
    std::unique_lock lock(mutex_);
    ASSERT_TRUE(noted_.wait_for(lock, std::chrono::seconds(20), fact)) << "nothing came";
  }
  /// What a reader gets now.
  std::string Read(const std::string& name) {
    const Node* node = snapshots_.Load()->FindPath(name);
    if (node == nullptr) return "no such file";
    std::promise<std::string> text;
    loader_.Want(node->file.entry, clock_.Steady() + std::chrono::seconds(20),
                 Loader::Patience::kNone, [&](const Result<ValuePtr>& value) {
                   text.set_value(value ? TextOf(*value) : "error: " + value.error().Text());
                 });
    return text.get_future().get();
  }
  void Reload() {
    const uint64_t before = Attempts();
    upkeep_->Reload();
    while (Attempts() == before) std::this_thread::yield();
  }
  uint64_t Attempts() { return upkeep_->reloads().succeeded + upkeep_->reloads().failed; }
  /// Says that these files changed, and waits until a file of this name was told.
  void ChangedUntilTold(const std::string& source, const std::string& name) {
    Note([&] { told_.clear(); });
    upkeep_->Changed({PathTo(source)});
    Await([&] { return std::ranges::find(told_, name) != told_.end(); });
  }
  uint64_t VersionOf(const std::string& name) {
    return snapshots_.Load()->FindPath(name)->file.entry->value()->version;
  }

  testkit::TempDir folder_;
  SystemClock clock_;
  testkit::RecordingLog log_;
  testkit::FakeAccounts accounts_;
  SnapshotCell snapshots_{Snapshot::Build({}, {})};
  std::mutex mutex_;
  std::condition_variable noted_;
  std::vector<std::string> watched_;
  std::vector<std::string> told_;
  std::vector<std::string> asked_;
  std::atomic<bool> refuse_ = false;
  std::optional<Upkeep> upkeep_;
  WorkerLoader loader_{clock_, log_, 2, [this](const EntryPtr& entry) {
                         if (upkeep_) upkeep_->Tried(entry);
                       }};
};

TEST_F(UpkeepTest, AChangedSourceChangesTheFileAndTheViewsOverIt) {
  Write("a", "one");
  Start(
      "secrets: {s: {file: a}}\n"
      "views: {v: {format: template, content: \"[{{ s }}]\"}}\n");
  EXPECT_EQ(Read("v"), "[one]");
  EXPECT_EQ(Read("s"), "one");
  Write("a", "two");
  ChangedUntilTold("a", "v");
  EXPECT_EQ(Read("s"), "two");
  EXPECT_EQ(Read("v"), "[two]");
}

TEST_F(UpkeepTest, ABrokenSourceKeepsTheLastGoodValueAndHeals) {
  Write("t", R"({"host": "one"})");
  Start("sources: {t: {tokens: t}}\nsecrets: {s: {source: t, key: host}}\n");
  EXPECT_EQ(Read("s"), "one");
  Write("t", "{");
  upkeep_->Changed({PathTo("t")});
  while (log_.lines().empty()) std::this_thread::yield();  // secret_failed
  EXPECT_EQ(Read("s"), "one");
  Write("t", R"({"host": "two"})");
  ChangedUntilTold("t", "s");
  EXPECT_EQ(Read("s"), "two");
}

TEST_F(UpkeepTest, UnitsAreAskedOncePerChangeAndNeverForTheFirstValue) {
  Write("a", "one");
  Write("b", "x");
  Start(
      "secrets:\n"
      "  s: {file: a, on_change: {restart: [one.service, two.service]}}\n"
      "  other: {file: b}\n");
  EXPECT_EQ(Read("s"), "one");
  EXPECT_EQ(Read("other"), "x");
  Write("b", "y");
  ChangedUntilTold("b", "other");  // all before it is done then
  EXPECT_TRUE(asked_.empty());
  Write("a", "two");
  ChangedUntilTold("a", "s");
  Await([this] { return asked_.size() == 2; });
  EXPECT_EQ(asked_, (std::vector<std::string>{"one.service for s", "two.service for s"}));
  upkeep_->Changed({PathTo("a")});  // nothing new in it
  Write("b", "z");
  ChangedUntilTold("b", "other");
  EXPECT_EQ(asked_.size(), 2U);
}

TEST_F(UpkeepTest, ReloadTakesNamesAndValuesAtOnce) {
  Write("a", "one");
  Write("b", "two");
  Start("secrets: {kept: {file: a}, other: {file: a}, gone: {file: a}}\n");
  EXPECT_EQ(Read("kept"), "one");
  EXPECT_EQ(Read("other"), "one");
  const auto open = snapshots_.Load()->FindPath("other")->file.entry->value();
  ASSERT_EQ(::unlink(PathTo("a").c_str()), 0);  // nothing that is the same may be made anew
  Write("config.yaml",
        "secrets: {kept: {file: a, mode: \"0440\"}, other: {file: b}, new: {file: b}}\n");
  Reload();
  EXPECT_FALSE(upkeep_->reloads().error);
  EXPECT_EQ(snapshots_.Load()->FindPath("other")->file.entry->value()->version, 2U);
  EXPECT_EQ(Read("other"), "two");
  EXPECT_EQ(Read("kept"), "one");
  EXPECT_EQ(Read("new"), "two");
  EXPECT_EQ(Read("gone"), "no such file");
  EXPECT_EQ(TextOf(open), "one");
  EXPECT_EQ(snapshots_.Load()->FindPath("kept")->file.access.mode, 0440U);
}

TEST_F(UpkeepTest, ReloadOfAViewOverWhatIsDeclaredAnewHasTheNewValue) {
  Write("a", "one");
  Write("b", "two");
  const std::string views =
      "views:\n  v: {format: template, content: \"[{{ s }}]\"}\n"
      "  w: {format: template, content: \"<{{ v }}>\"}\n";
  Start("secrets: {s: {file: a}}\n" + views);
  EXPECT_EQ(Read("w"), "<[one]>");
  Write("config.yaml", "secrets: {s: {file: b}}\n" + views);
  Reload();
  EXPECT_EQ(Read("w"), "<[two]>");
}

TEST_F(UpkeepTest, ReloadThatFailsKeepsEverythingAndSaysWhy) {
  Write("a", "one");
  Start("secrets: {s: {file: a}}\n");
  EXPECT_EQ(Read("s"), "one");
  const SnapshotPtr before = snapshots_.Load();
  Write("config.yaml", "secrets: {s: {fil: a}}\n");
  Reload();
  ASSERT_TRUE(upkeep_->reloads().error);
  EXPECT_NE(upkeep_->reloads().error->Text().find("unknown key 'fil'"), std::string::npos);
  EXPECT_EQ(snapshots_.Load(), before);
  Write("config.yaml", "secrets: {s: {file: a}, t: {file: a}}\n");
  refuse_ = true;
  Reload();
  EXPECT_EQ(upkeep_->reloads().failed, 2U);
  EXPECT_EQ(snapshots_.Load(), before);
  refuse_ = false;
  Reload();
  EXPECT_FALSE(upkeep_->reloads().error);
  EXPECT_EQ(Attempts(), 3U);
  EXPECT_EQ(Read("t"), "one");
}

TEST_F(UpkeepTest, ReloadToASourceThatFailsKeepsTheLastGoodValue) {
  Write("a", "one");
  Start("secrets: {s: {file: a}}\n");
  EXPECT_EQ(Read("s"), "one");
  Write("config.yaml", "secrets: {s: {file: missing}}\n");
  Reload();
  EXPECT_EQ(Read("s"), "one");
  const auto report = snapshots_.Load()->FindPath("s")->file.entry->GetReport();
  EXPECT_EQ(report.state, EntryState::kStale);
  EXPECT_EQ(VersionOf("s"), 1U);
}

TEST_F(UpkeepTest, WhoIsLetInToANewSourceDoesNotGetWhatTheOldOneHeld) {
  Write("a", "one");
  Start("secrets: {s: {file: a}}\n");
  EXPECT_EQ(Read("s"), "one");
  Write("config.yaml", "secrets: {s: {file: missing, mode: \"0444\"}}\n");
  Reload();
  EXPECT_NE(Read("s").find("error: "), std::string::npos);
  Write("missing", "two");
  ChangedUntilTold("missing", "s");
  EXPECT_EQ(Read("s"), "two");
  EXPECT_EQ(VersionOf("s"), 2U) << "versions go on";
}

TEST_F(UpkeepTest, AReloadThatWasAskedForIsAnsweredByOneThatBeganLater) {
  Write("a", "one");
  Start("secrets: {s: {file: a}}\n");
  for (uint64_t i = 1; i <= 3; ++i) {
    Reload();
    EXPECT_EQ(upkeep_->reloads().asked, i);
    EXPECT_EQ(upkeep_->reloads().answered, i);
  }
  Write("config.yaml", "secrets: {s: {file: a}, t: {file: a}}\n");
  upkeep_->Changed({PathTo("config.yaml")});
  while (Attempts() == 3) std::this_thread::yield();
  EXPECT_EQ(upkeep_->reloads().answered, 3U) << "nobody asked for that one";
}

TEST_F(UpkeepTest, AChangedConfigurationIsReadByItself) {
  Write("a", "one");
  Start("secrets: {s: {file: a}}\n");
  Write("config.yaml", "secrets: {s: {file: a}, t: {file: a}}\n");
  upkeep_->Changed({PathTo("config.yaml")});
  while (Attempts() == 0) std::this_thread::yield();
  EXPECT_EQ(Read("t"), "one");
  const std::lock_guard lock(mutex_);
  EXPECT_EQ(std::ranges::count(watched_, PathTo("a")), 1);
  EXPECT_EQ(std::ranges::count(watched_, PathTo("config.yaml")), 1);
}

TEST_F(UpkeepTest, OwnersWhoAppearAreTold) {
  Write("a", "one");
  Start("secrets: {s: {file: a, owner: late, on_change: {restart: [x.service]}}}\n");
  EXPECT_EQ(Read("s"), "one");
  accounts_.users["late"] = 42;
  ChangedUntilTold("passwd", "s");
  EXPECT_TRUE(asked_.empty());
}

}  // namespace
}  // namespace secretfs
