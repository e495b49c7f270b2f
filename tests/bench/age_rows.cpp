#include "crypto/hybrid.h"
#include "crypto/xwing.h"
#include "tests/bench/measure.h"
#include "tests/bench/rows.h"

namespace secretfs::bench {
namespace {

constexpr double kReachSmallMilliseconds = 0.3;
constexpr double kReachHybridMilliseconds = 1;

template <class T>
T ValueOf(Result<T> result) {
  if (!result) Fail(result.error().Text());
  return std::move(result).value();
}

/// Per call, in milliseconds.
double MillisecondsToUnwrap(const age::Identity& identity, std::span<const age::Stanza> stanzas) {
  constexpr int kCalls = 50;
  const Stopwatch start;
  for (int call = 0; call < kCalls; ++call) {
    if (ValueOf(identity.Unwrap(stanzas)).empty()) Fail("no file key");
  }
  return start.Seconds() * 1e3 / kCalls;
}

}  // namespace

void SmallRow(Scene& scene, Table& table) {
  const Declaration declaration{.secrets = Scene::kDistinct};
  const std::string config = scene.Configure(declaration);
  std::vector<double> milliseconds;
  for (int round = 0; round < (scene.quick() ? 3 : 15); ++round) {
    const SecretFs secretfs(scene, config);
    const Stopwatch start;
    for (size_t n = 0; n < declaration.secrets; ++n) {
      ReadSecret(secretfs / Scene::NameOf(n, declaration), Scene::Content(n));
    }
    milliseconds.push_back(start.Seconds() * 1e3 / static_cast<double>(declaration.secrets));
  }
  table.AddLimit("first read of a small age secret, once running", Median(milliseconds),
                 kReachSmallMilliseconds, " ms", "decrypted, and given to the reader");
}

void HybridRow(Scene& scene, Table& table) {
  constexpr std::string_view kWhat = "unwrapping a post-quantum file key";
  if (!age::HybridSupported()) {
    table.AddFact(std::string(kWhat), "-", "not in this build: " + age::HybridSupport());
    return;
  }
  const std::string seed(age::kHybridSeedBytes, 's');
  const auto identity =
      ValueOf(age::MakeHybridIdentity(ValueOf(SecretBytes::CopyOf(AsBytes(seed)))));
  const auto file_key = ValueOf(SecretBytes::CopyOf(AsBytes("YELLOW SUBMARINE")));
  const auto wrapped = ValueOf(ValueOf(identity->ToRecipient())->Wrap(file_key));
  std::vector<double> milliseconds;
  for (int round = 0; round < (scene.quick() ? 11 : 51); ++round) {
    milliseconds.push_back(MillisecondsToUnwrap(*identity, wrapped.stanzas));
  }
  table.AddLimit(std::string(kWhat), Median(milliseconds), kReachHybridMilliseconds, " ms",
                 "mlkem768x25519 with " + crypto::XWingLibrary());
}

}  // namespace secretfs::bench
