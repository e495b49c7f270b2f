#include "providers/plugin_process.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <array>
#include <filesystem>
#include <mutex>
#include <thread>

#include "crypto/bech32.h"
#include "tests/testkit/temp_dir.h"

namespace secretfs {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testkit::TempDir;

constexpr std::string_view kFileKey = "0123456789abcdef";  // in base64: MDEyMzQ1Njc4OWFiY2RlZg

/// A folder with the plugin `age-plugin-stub`, a shell script, and a host that
/// runs it.
class PluginProcess : public testing::Test {
 protected:
  void Install(const std::string& script) {
    const std::string program = folder_.Write("age-plugin-stub", "#!/bin/sh\n" + script);
    ASSERT_EQ(::chmod(program.c_str(), 0755), 0);
  }
  age::PluginHostPtr Host() {
    options_.folder = folder_.path();
    options_.said = [this](const std::string& plugin, std::string_view text) {
      said_.push_back(plugin + ": " + std::string(text));
    };
    return MakePluginProcessHost(options_);
  }
  age::IdentityPtr Identity(age::PluginHostPtr host) {
    std::string line = crypto::EncodeBech32("age-plugin-stub-", AsBytes("seed"));
    std::ranges::transform(line, line.begin(),
                           [](unsigned char c) { return static_cast<char>(std::toupper(c)); });
    return age::MakePluginIdentity(SecretBytes::CopyOf(AsBytes(line)).value(), std::move(host))
        .value();
  }
  static Result<SecretBytes> Unwrap(const age::IdentityPtr& identity) {
    const std::array<age::Stanza, 1> stanzas{age::Stanza{"stub", {"a"}, {}}};
    return identity->Unwrap(stanzas);
  }
  std::string Verdict() {
    const auto key = Unwrap(Identity(Host()));
    if (key) return "key " + std::string(AsText(key->Expose()));
    EXPECT_EQ(key.error().code, Code::kNoMatch);
    return key.error().what;
  }

  TempDir folder_;
  PluginProcessOptions options_;
  std::vector<std::string> said_;
};

/// Reads the client's phase; the variable `heard` has its lines.
const std::string kListen =
    "heard=; while read -r line; do heard=\"$heard$line|\"; "
    "[ \"$line\" = '-> done' ] && read -r line && break; done\n";
const std::string kFileKeyAndDone =
    "printf -- '-> file-key 0\\nMDEyMzQ1Njc4OWFiY2RlZg\\n'; read -r ok; read "
    "-r ok;"
    "printf -- '-> done\\n\\n'\n";

TEST_F(PluginProcess, GivesTheFileKey) {
  Install(kListen + kFileKeyAndDone);
  EXPECT_EQ(Verdict(), "key " + std::string(kFileKey));
}

TEST_F(PluginProcess, PassesTheStateMachineAndNothingElse) {
  ASSERT_EQ(::setenv("SECRETFS_TEST_LEAK", "x", 1), 0);
  Install(kListen + "exec 3>" + folder_ / "seen" +
          "; printf '%s|%s|' \"$#\" \"$1\" >&3; pwd >&3; tr '\\0' '\\n' "
          "</proc/$$/environ >&3;"
          "umask >&3; echo \"$heard\" >&3\n" +
          kFileKeyAndDone);
  EXPECT_THAT(Verdict(), testing::StartsWith("key"));
  const std::string seen = TempDir::Read(folder_ / "seen");
  EXPECT_THAT(seen, testing::StartsWith("1|--age-plugin=identity-v1|/\n0077\n-> add-identity "));
  EXPECT_THAT(seen, HasSubstr("||-> recipient-stanza 0 stub a||-> done|"));
}

TEST_F(PluginProcess, PassesTheEnvironmentGiven) {
  options_.environment = {"HOME=/nowhere"};
  Install(kListen + "tr '\\0' '\\n' </proc/$$/environ >" + folder_ / "seen" + "\n" +
          kFileKeyAndDone);
  EXPECT_THAT(Verdict(), testing::StartsWith("key"));
  EXPECT_EQ(TempDir::Read(folder_ / "seen"), "HOME=/nowhere\n");
}

TEST_F(PluginProcess, SaysWhereAMissingPluginIsMissing) {
  EXPECT_EQ(Verdict(), "age-plugin-stub: not in " + folder_.path());
  const auto started = Host()->Start("stub", "identity-v1");
  ASSERT_FALSE(started);
  EXPECT_EQ(started.error().code, Code::kNotFound);
}

TEST_F(PluginProcess, RunsNoOtherProgramThanPlugins) {
  for (const std::string name : {"../stub", "/bin/sh", "stub/../stub", "", ".."}) {
    EXPECT_FALSE(Host()->Start(name, "identity-v1")) << name;
  }
  options_.folder = ".";
  EXPECT_FALSE(MakePluginProcessHost(options_)->Start("stub", "identity-v1"));
  std::filesystem::create_directory(folder_ / "age-plugin-folder");
  EXPECT_FALSE(Host()->Start("folder", "identity-v1"));
  Install("");
  EXPECT_TRUE(Host()->Start("stub", "identity-v1"));
  EXPECT_FALSE(Host()->Start("folder/../age-plugin-stub", "identity-v1"));
}

TEST_F(PluginProcess, RefusesWhatOthersMayWriteTo) {
  Install(kListen + kFileKeyAndDone);
  const std::string program = folder_ / "age-plugin-stub";
  for (const mode_t mode : {0775U, 0757U}) {
    ASSERT_EQ(::chmod(program.c_str(), mode), 0);
    EXPECT_EQ(Verdict(), "age-plugin-stub: others may write to " + program);
  }
  ASSERT_EQ(::chmod(program.c_str(), 0755), 0);
  for (const mode_t mode : {0770U, 01777U}) {
    ASSERT_EQ(::chmod(folder_.path().c_str(), mode), 0);
    EXPECT_EQ(Verdict(), "age-plugin-stub: others may write to " + folder_.path());
  }
  ASSERT_EQ(::chmod(folder_.path().c_str(), 0700), 0);
  EXPECT_THAT(Verdict(), testing::StartsWith("key"));
}

TEST_F(PluginProcess, RefusesAFolderThatOthersMayReplace) {
  Install(kListen + kFileKeyAndDone);
  const std::string above = folder_ / "above";
  std::filesystem::create_directories(above + "/plugins");
  std::filesystem::rename(folder_ / "age-plugin-stub", above + "/plugins/age-plugin-stub");
  std::filesystem::create_symlink(above + "/plugins", folder_ / "link");
  for (const std::string& folder : {above + "/plugins", folder_ / "link"}) {
    options_.folder = folder;
    const auto verdict = [this] { return Unwrap(Identity(MakePluginProcessHost(options_))); };
    ASSERT_EQ(::chmod(above.c_str(), 0777), 0);
    const auto refused = verdict();
    ASSERT_FALSE(refused) << folder;
    EXPECT_EQ(refused.error().what, "age-plugin-stub: others may write to " + above);
    ASSERT_EQ(::chmod(above.c_str(), 01777), 0);
    EXPECT_TRUE(verdict()) << folder;
  }
}

TEST_F(PluginProcess, RefusesWhatBelongsToAnotherUser) {
  if (::geteuid() != 0) GTEST_SKIP() << "needs root, to give a file away";
  Install(kListen + kFileKeyAndDone);
  const std::string program = folder_ / "age-plugin-stub";
  ASSERT_EQ(::chown(program.c_str(), 65534, 65534), 0);
  EXPECT_EQ(Verdict(), "age-plugin-stub: " + program + " belongs to another user");
  ASSERT_EQ(::chown(program.c_str(), 0, 0), 0);
  ASSERT_EQ(::chown(folder_.path().c_str(), 65534, 65534), 0);
  EXPECT_EQ(Verdict(), "age-plugin-stub: " + folder_.path() + " belongs to another user");
}

TEST_F(PluginProcess, AProgramThatCannotRunIsNoMatch) {
  Install("");
  ASSERT_EQ(::chmod((folder_ / "age-plugin-stub").c_str(), 0644), 0);
  EXPECT_EQ(Verdict(), "age-plugin-stub: cannot run: permission denied");
}

TEST_F(PluginProcess, AHangingPluginIsStopped) {
  options_.timeout = std::chrono::milliseconds(200);
  Install("trap '' TERM\n" + kListen + "sleep 1000 & echo $! >" + folder_ / "child" + "; wait\n");
  EXPECT_EQ(Verdict(), "age-plugin-stub: was not done after 0.2 s, and was stopped");
  const std::string child = TempDir::Read(folder_ / "child");
  if (child.empty()) return;  // it was stopped before it came so far
  std::string state;
  for (int i = 0; i < 1000; ++i) {  // it was killed, but has to be scheduled for that
    state = TempDir::Read("/proc/" + child.substr(0, child.size() - 1) + "/stat");
    if (state.empty() || state.find(") Z") != std::string::npos ||
        state.find(") X") != std::string::npos) {
      return;
    }
    std::this_thread::sleep_for(std::chrono::milliseconds(10));
  }
  FAIL() << state;
}

TEST_F(PluginProcess, AnIdentityWhosePluginHungIsNotTriedAgainForAWhile) {
  options_.timeout = std::chrono::milliseconds(700);
  const auto host = Host();
  const auto identity = Identity(host);
  Install("exec sleep 1000\n");
  const std::string slow = "age-plugin-stub: was not done after 0.7 s, and was stopped";
  EXPECT_EQ(Unwrap(identity).error().what, slow);
  Install(kListen + kFileKeyAndDone);
  const auto again = Unwrap(identity);
  ASSERT_FALSE(again);
  EXPECT_EQ(again.error().what, slow);
  EXPECT_EQ(again.error().where, "age-plugin-stub");  // something to be mended
  EXPECT_TRUE(Unwrap(Identity(host)));                // another key of the plugin
  std::this_thread::sleep_for(2 * options_.timeout);
  EXPECT_TRUE(Unwrap(identity));
}

TEST_F(PluginProcess, TellsWhatTheProgramSaidBeforeItFailed) {
  Install(kListen + "echo trying >&2; printf 'no \\033[2Jcard\\n' >&2; exit 3\n");
  EXPECT_EQ(Verdict(), "age-plugin-stub: ended without a word (exit code 3): no \\x1b[2Jcard");
  EXPECT_THAT(said_, ElementsAre("stub: trying", "stub: no \\x1b[2Jcard"));
}

TEST_F(PluginProcess, AnEarlyEndIsNoMatch) {
  Install("exec <&-; exit 0\n");
  EXPECT_THAT(Verdict(), testing::AnyOf("age-plugin-stub: ended without a word",
                                        "age-plugin-stub: stopped reading"));
}

TEST_F(PluginProcess, GivesTheSecretThatIsConfigured) {
  options_.secrets["stub"] = [](const std::string& of) -> Result<std::vector<SecretPtr>> {
    EXPECT_EQ(of, "age-plugin-stub");
    std::vector<SecretPtr> all;
    all.push_back(
        std::make_shared<const SecretBytes>(SecretBytes::CopyOf(AsBytes("123456")).value()));
    return all;
  };
  Install(kListen +
          "printf -- '-> request-secret\\nUElO\\n'; read -r ok; read -r pin;"
          "[ \"$ok $pin\" = '-> ok MTIzNDU2' ] || exit 1\n" +
          kFileKeyAndDone);
  EXPECT_THAT(Verdict(), testing::StartsWith("key"));
  EXPECT_THAT(said_, ElementsAre());
}

TEST_F(PluginProcess, SaysThatASecretIsNotConfigured) {
  Install(kListen +
          "printf -- '-> request-secret\\nUElO\\n'; read -r ok; read -r pin;"
          "[ \"$ok $pin\" = '-> fail ' ] || exit 1\n" +
          kFileKeyAndDone);
  EXPECT_THAT(Verdict(), testing::StartsWith("key"));
  EXPECT_THAT(said_, ElementsAre("stub: asked for a secret, and none is configured: PIN"));
}

TEST_F(PluginProcess, ConversationsAtTheSameTimeGiveAWrongSecretTwiceInAll) {
  options_.other_secrets = [](const std::string&) -> Result<std::vector<SecretPtr>> {
    std::vector<SecretPtr> all;
    all.push_back(
        std::make_shared<const SecretBytes>(SecretBytes::CopyOf(AsBytes("000000")).value()));
    return all;
  };
  Install(kListen +
          "printf -- '-> request-secret\\nUElO\\n'; read -r ok; read -r pin;"
          "[ \"$ok\" = '-> ok' ] && echo \"$pin\" >>" +
          folder_ / "given" + "; exit 1\n");
  const age::PluginHostPtr host = Host();
  {
    std::vector<std::jthread> readers;
    for (int i = 0; i < 6; ++i) readers.emplace_back([&] { EXPECT_FALSE(Unwrap(Identity(host))); });
  }
  EXPECT_EQ(TempDir::Read(folder_ / "given"), "MDAwMDAw\nMDAwMDAw\n");
}

}  // namespace
}  // namespace secretfs
