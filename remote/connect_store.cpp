#include "remote/connect_store.h"

#include <utility>
#include <variant>

#include "remote/connect_api.h"
#include "remote/connect_index.h"
#include "remote/op_item.h"
#include "remote/op_reference.h"

namespace secretfs::remote {
namespace {

/// Whether the next request would fail as well.
bool ConcernsTheSource(Code code) {
  return code == Code::kRefused || code == Code::kLimited || code == Code::kInterrupted;
}

/// Whether it may be otherwise though the item is the same.
bool MayPass(Code code) { return code != Code::kNotFound && code != Code::kInvalid; }

class ConnectStore final : public RemoteStore {
 public:
  ConnectStore(const ConnectOptions& options, std::shared_ptr<const Clock> clock,
               std::unique_ptr<Http> http)
      : clock_(std::move(clock)),
        api_(std::move(http), options.url, options.token_file),
        index_(api_, *clock_, options.refresh / 2) {}

  [[nodiscard]] Status CheckRef(const std::string& ref) const override {
    TRY(ParseOpReference(ref));
    return Ok{};
  }
  [[nodiscard]] std::string DocumentOf(const std::string& ref) const override {
    const auto parsed = ParseOpReference(ref);
    return parsed ? OpDocument(*parsed) : ref;
  }
  [[nodiscard]] bool IsComputed(const std::string& ref) const override {
    const auto parsed = ParseOpReference(ref);
    return parsed && IsOneTimePassword(*parsed);
  }
  [[nodiscard]] Result<SecretBytes> Compute(const std::string& ref, ByteView fetched,
                                            WallTime now) const override {
    const auto parsed = TRY(ParseOpReference(ref));
    return ComputeOpSecret(parsed, fetched, now);
  }
  [[nodiscard]] std::vector<std::string> Files() const override { return {api_.token_file()}; }

  Result<Given> Fetch(const Wanted& wanted, Call& call) override {
    const auto name = TRY(ParseOpDocument(wanted.document));
    auto found = TRY(index_.Find(name, false, call));
    if (!wanted.version.empty() && wanted.version == found.version) {
      return Given{true, wanted.version, {}};
    }
    auto item = GetItem(found, call);
    if (!item && item.error().code == Code::kNotFound) {
      found = TRY(index_.Find(name, true, call));
      item = GetItem(found, call);
    }
    if (!item) return std::move(item).error();
    return Gather(*item, found, wanted, call);
  }

 private:
  static std::string PathOf(const ConnectIndex::Found& found) {
    return "/vaults/" + EscapePathPart(found.vault) + "/items/" + EscapePathPart(found.item);
  }

  Result<OpItem> GetItem(const ConnectIndex::Found& found, Call& call) const {
    const auto answer = TRY(api_.Get(PathOf(found), call));
    auto item = TRY(OpItem::Parse(answer.body.Expose(), api_.url()));
    if (item.id() != found.item) {
      return Error{Code::kIo, "the answer is another item", api_.url(), ""};
    }
    return item;
  }

  /// What is wrong with one secret is its own, unless it concerns the whole source.
  Result<Given> Gather(const OpItem& item, const ConnectIndex::Found& found, const Wanted& wanted,
                       Call& call) const {
    Given given;
    given.version = item.version();
    for (const std::string& ref : wanted.refs) {
      auto value = GetSecret(item, found, ref, call);
      if (!value && ConcernsTheSource(value.error().code)) return std::move(value).error();
      if (!value && MayPass(value.error().code)) given.version.clear();
      given.secrets.push_back({ref, std::move(value)});
    }
    return given;
  }

  Result<SecretBytes> GetSecret(const OpItem& item, const ConnectIndex::Found& found,
                                const std::string& ref, Call& call) const {
    const auto parsed = TRY(ParseOpReference(ref));
    auto selected = item.Select(parsed);
    if (!selected) {
      Error error = std::move(selected).error();
      if (error.where.empty()) error.where = ref;
      return error;
    }
    if (auto* value = std::get_if<SecretBytes>(&*selected)) return std::move(*value);
    const auto& file = std::get<OpFile>(*selected);
    auto answer =
        TRY(api_.Get(PathOf(found) + "/files/" + EscapePathPart(file.id) + "/content", call));
    // A page of something that stands before the store is not the file, unless it looks like it.
    if (answer.content_type == "text/html" && file.size != answer.body.size()) {
      return Error{Code::kUnavailable, "the server answers with an HTML page", api_.url(), ""};
    }
    return std::move(answer.body);
  }

 private:
  const std::shared_ptr<const Clock> clock_;
  const ConnectApi api_;
  ConnectIndex index_;
};

}  // namespace

RemoteStorePtr MakeConnectStore(const ConnectOptions& options, std::shared_ptr<const Clock> clock,
                                std::unique_ptr<Http> http) {
  return std::make_shared<ConnectStore>(options, std::move(clock), std::move(http));
}

Result<RemoteStorePtr> MakeConnectStore(const ConnectOptions& options,
                                        std::shared_ptr<const Clock> clock) {
  auto http = TRY(MakeHttp(HttpOptions{.url = options.url, .ca_file = options.ca_file}));
  return MakeConnectStore(options, std::move(clock), std::move(http));
}

}  // namespace secretfs::remote
