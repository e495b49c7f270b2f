#include "crypto/encryption.h"

#include <algorithm>
#include <array>
#include <optional>

#include "base/text.h"
#include "crypto/age_header.h"
#include "crypto/armor_writer.h"
#include "crypto/hkdf.h"
#include "crypto/identity.h"
#include "crypto/init.h"
#include "crypto/random.h"
#include "crypto/recipients_mark.h"
#include "crypto/stream_writer.h"

namespace secretfs::age {
namespace {

constexpr std::string_view kScryptType = "scrypt";
constexpr std::string_view kPostQuantumLabel = "postquantum";

bool HasPassphrase(const Wrapped& wrapped) {
  return std::ranges::any_of(wrapped.stanzas,
                             [](const Stanza& stanza) { return stanza.type == kScryptType; });
}

bool IsPostQuantum(const Wrapped& wrapped) {
  return std::ranges::find(wrapped.labels, kPostQuantumLabel) != wrapped.labels.end();
}

Error DoNotMix(const Recipient& a, const Wrapped& wrapped_a, const Recipient& b,
               const Wrapped& wrapped_b) {
  if (HasPassphrase(wrapped_a) || HasPassphrase(wrapped_b)) {
    return {Code::kInvalid, "a passphrase cannot stand beside other recipients", "",
            "encrypt to the passphrase alone, or to the others alone"};
  }
  if (IsPostQuantum(wrapped_a) != IsPostQuantum(wrapped_b)) {
    const Recipient& classic = IsPostQuantum(wrapped_a) ? b : a;
    return {Code::kInvalid, "post-quantum and classic recipients do not mix", "",
            "a quantum computer would open the file through " + Quote(classic.Text()) +
                ": give recipients of one sort only"};
  }
  return {Code::kInvalid,
          "these recipients do not mix: " + Quote(a.Text()) + " and " + Quote(b.Text()), "",
          "encrypt to each of them alone"};
}

/// The stanzas of all, whose labels are found equal.
Result<Wrapped> WrapForAll(const SecretBytes& file_key, std::span<const RecipientPtr> recipients) {
  if (recipients.empty()) {
    return Error{Code::kInvalid, "no recipients: nobody could open the file", "", ""};
  }
  Wrapped all = TRY(recipients.front()->Wrap(file_key));
  for (const RecipientPtr& recipient : recipients.subspan(1)) {
    Wrapped wrapped = TRY(recipient->Wrap(file_key));
    if (wrapped.labels != all.labels) {
      return DoNotMix(*recipients.front(), all, *recipient, wrapped);
    }
    std::ranges::move(wrapped.stanzas, std::back_inserter(all.stanzas));
  }
  return all;
}

/// The header's text and the nonce that begins the payload.
struct Beginning {
  std::string header;
  std::array<std::byte, kPayloadNonceBytes> nonce{};
};

Result<Beginning> MakeBeginning(const SecretBytes& file_key,
                                std::span<const RecipientPtr> recipients, bool marked) {
  Wrapped wrapped = TRY(WrapForAll(file_key, recipients));
  if (marked && !HasPassphrase(wrapped)) {
    wrapped.stanzas.push_back(TRY(MakeRecipientsMark(file_key, recipients)));
  }
  Beginning beginning;
  beginning.header = TRY(SealHeader(std::move(wrapped.stanzas), file_key));
  crypto::FillRandom(beginning.nonce);
  return beginning;
}

}  // namespace

struct Encryption::State {
  std::optional<ArmorWriter> armor;
  std::optional<StreamWriter> stream;
};

Encryption::Encryption(std::unique_ptr<State> state) noexcept : state_(std::move(state)) {}
Encryption::Encryption(Encryption&&) noexcept = default;
Encryption& Encryption::operator=(Encryption&&) noexcept = default;
Encryption::~Encryption() = default;

Result<Encryption> Encryption::Begin(ByteSink& out, std::span<const RecipientPtr> recipients,
                                     const EncryptionOptions& options) {
  TRY(InitCrypto());
  const auto file_key = TRY(crypto::RandomSecret(kFileKeyBytes));
  const Beginning beginning = TRY(MakeBeginning(file_key, recipients, options.marked));
  const auto payload_key =
      TRY(crypto::HkdfSha256(file_key.Expose(), beginning.nonce, AsBytes("payload")));
  auto state = std::make_unique<State>();
  if (options.armored) state->armor.emplace(out);
  ByteSink& binary = state->armor ? *state->armor : out;
  state->stream.emplace(TRY(StreamWriter::Make(binary, payload_key)));
  TRY(binary.Write(AsBytes(beginning.header)));
  TRY(binary.Write(beginning.nonce));
  return Encryption(std::move(state));
}

Status Encryption::Write(ByteView plaintext) { return state_->stream->Write(plaintext); }

Status Encryption::Finish() {
  TRY(state_->stream->Finish());
  return state_->armor ? state_->armor->Finish() : Ok{};
}

Status EncryptAll(ByteView plaintext, std::span<const RecipientPtr> recipients,
                  const EncryptionOptions& options, ByteSink& out) {
  auto encryption = TRY(Encryption::Begin(out, recipients, options));
  TRY(encryption.Write(plaintext));
  return encryption.Finish();
}

}  // namespace secretfs::age
