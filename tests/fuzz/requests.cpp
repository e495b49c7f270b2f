// Raw requests into sessions that serve one connection in turn, over a socket in place of
// /dev/fuse, and any bytes in the state that each leaves to the next. A server must not crash, and
// may answer whatever it likes.
#include <linux/fuse.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstdlib>
#include <cstring>
#include <vector>

#include "fs/mount.h"
#include "fs/ops.h"
#include "fs/session.h"
#include "tests/testkit/entries.h"
#include "tests/testkit/fake_accounts.h"
#include "tests/testkit/fake_clock.h"
#include "tests/testkit/fake_loader.h"
#include "tests/testkit/fuse_requests.h"
#include "tests/testkit/recording_audit.h"

namespace {

using namespace secretfs;

constexpr size_t kMostRequests = 64;
constexpr int kSocketBytes = 8 << 20;

/// The input, from its beginning. What is missing is zero.
class Input {
 public:
  Input(const uint8_t* data, size_t size) : rest_(reinterpret_cast<const std::byte*>(data), size) {}
  [[nodiscard]] bool empty() const { return rest_.empty(); }
  uint8_t Number() {
    const Bytes one = Take(1);
    return one.empty() ? 0 : static_cast<uint8_t>(one[0]);
  }
  Bytes Take(size_t size) {
    const ByteView taken = rest_.first(std::min(size, rest_.size()));
    rest_ = rest_.subspan(taken.size());
    return {taken.begin(), taken.end()};
  }

 private:
  ByteView rest_;
};

EntryPtr EntryOf(std::string name, bool fresh, std::optional<Value> value) {
  EntrySpec spec{std::move(name), "test", {}, {}};
  spec.fresh = fresh;
  auto entry = std::make_shared<Entry>(std::move(spec));
  const testkit::FakeClock clock;
  if (value) {
    value->fingerprint.emplace();
    entry->Publish(*std::move(value), clock.Steady(), clock.Wall());
  }
  return entry;
}

SnapshotPtr Tree() {
  std::vector<File> files;
  const auto add = [&](const EntryPtr& entry) {
    files.push_back({entry, testkit::AccessFor(0, 0, 0440)});
  };
  add(EntryOf("dir/there", false, testkit::MakeTestValue("there")));
  add(EntryOf("dir/waits", false, {}));
  add(EntryOf("fresh", true, {}));
  add(EntryOf("large", false,
              testkit::ValueWithContent(std::make_shared<testkit::TextContent>("large"))));
  return Snapshot::Build(files, WallTime{});
}

/// A request with a header that fits; `node` and `file` are of those that there are.
Bytes RequestOf(uint8_t opcode, Input& input, const Snapshot& tree) {
  fuse_in_header head{};
  head.opcode = opcode;
  const uint8_t unique = input.Number();
  head.unique = (unique & 0x7FU) * uint64_t{2} + ((unique & uint64_t{0x80}) << 56U);
  const uint8_t node = input.Number();
  auto at = tree.nodes().begin();
  std::advance(at, node % tree.nodes().size());
  head.nodeid = node < 128 ? at->first : node;
  const uint8_t flags = input.Number();
  Bytes payload = input.Take(input.Number());
  if ((flags & 1U) != 0 && payload.size() >= sizeof(uint64_t)) {
    const uint64_t index{static_cast<uint64_t>(flags) >> 4U};
    const uint64_t file = ((index + 1) << 17U) | index;
    std::memcpy(payload.data(), &file, sizeof(file));
  }
  head.len = static_cast<uint32_t>(sizeof(head) + payload.size());
  if ((flags & 2U) != 0) head.len = static_cast<uint32_t>(flags) << 8U;
  Bytes request(sizeof(head));
  std::memcpy(request.data(), &head, sizeof(head));
  request.insert(request.end(), payload.begin(), payload.end());
  if ((flags & 4U) != 0) request.resize(request.size() / 2);
  return request;
}

Bytes FirstRequest() {
  fuse_init_in init{};
  init.major = FUSE_KERNEL_VERSION;
  init.minor = FUSE_KERNEL_MINOR_VERSION;
  init.flags = UINT32_MAX;
  return testkit::InitRequest(init);
}

/// Anything anywhere in what is used of the state.
void Scribble(fs::StateLayout& layout, Input& input) {
  const std::array<ByteSpan, 4> regions{
      ByteSpan(reinterpret_cast<std::byte*>(&layout), offsetof(fs::StateLayout, landing)),
      ByteSpan(layout.landing),
      ByteSpan(reinterpret_cast<std::byte*>(layout.slots.data()), 8 * sizeof(fs::Slot)),
      ByteSpan(reinterpret_cast<std::byte*>(layout.records.data()), 8 * sizeof(fs::OpenRecord))};
  const ByteSpan region = regions[input.Number() % regions.size()];
  const size_t offset = (input.Number() * size_t{256} + input.Number()) % region.size();
  const Bytes bytes = input.Take(std::min<size_t>(input.Number(), region.size() - offset));
  std::ranges::copy(bytes, region.subspan(offset).begin());
}

void Send(int socket, const Bytes& request) {
  (void)!::send(socket, request.data(), request.size(), MSG_DONTWAIT | MSG_NOSIGNAL);
}

/// One server, from its beginning to its end.
void Serve(const std::vector<Bytes>& requests, fs::State& state, fs::Recovery recovery,
           const SnapshotPtr& tree) {
  std::array<int, 2> pair{};
  if (::socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, pair.data()) != 0)
    std::abort();
  const UniqueFd kernel(pair[0]);
  for (const int socket : pair) {
    for (const int option : {SO_SNDBUFFORCE, SO_RCVBUFFORCE})
      ::setsockopt(socket, SOL_SOCKET, option, &kSocketBytes, sizeof(kSocketBytes));
  }
  fs::Mount mount;
  mount.path = "/nowhere";
  mount.device = UniqueFd(pair[1]);
  const testkit::FakeClock clock;
  const testkit::FakeAccounts accounts;
  testkit::FakeLoader loader;
  testkit::RecordingAudit audit;
  const SnapshotCell snapshots(tree);
  const fs::Ops ops({snapshots, loader, accounts, audit, clock});
  fs::ProcGroups groups(clock);
  auto session = fs::Session::Create(mount, ops, groups, &state, recovery);
  if (!session) return;
  for (const Bytes& request : requests) Send(kernel.get(), request);
  ::shutdown(kernel.get(), SHUT_WR);
  (void)(*session)->Serve();
  (*session)->AnnounceAll(*tree);
  if (recovery.resend) loader.Answer(Error{Code::kIo, "failed", "", ""});
  loader.wishes.clear();
  loader.parts.clear();
}

}  // namespace

/// libfuse keeps interrupts of requests that have not come, also when its session ends.
extern "C" const char* __lsan_default_suppressions() {  // NOLINT: its name
  return "leak:libfuse3.so";
}

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  constexpr uint8_t kScribble = 0x80;
  constexpr uint8_t kNext = 0x90;
  const auto memory = fs::State::Make();
  if (!memory) return 0;
  const auto state = fs::State::Open(memory->get());
  if (!state) return 0;
  const SnapshotPtr tree = Tree();
  Input input(data, size);
  std::vector<Bytes> requests{FirstRequest()};
  while (!input.empty()) {
    const uint8_t what = input.Number();
    if (what < kScribble) {
      if (requests.size() < kMostRequests) requests.push_back(RequestOf(what, input, *tree));
    } else if (what < kNext) {
      Scribble((*state)->layout(), input);
    } else {
      Serve(requests, **state, {(what & 1U) != 0, (what & 2U) != 0}, tree);
      requests.clear();
    }
  }
  Serve(requests, **state, {false, true}, tree);
  return 0;
}
