#include <gmock/gmock.h>

#include "tests/unit/views/view_testing.h"
#include "views/formats.h"

namespace secretfs {
namespace {

TEST(ViewRegistry, MakesEveryFormatThatItLists) {
  for (const ViewSpec& spec : ViewSpecs()) {
    ViewConfig config;
    config.format = spec.format;
    EXPECT_TRUE(MakeView(config)) << spec.format;
  }
}

TEST(ViewRegistry, SaysWhichFormatsTakeASource) {
  for (const ViewSpec& spec : ViewSpecs()) {
    EXPECT_EQ(spec.takes_source, spec.format != "template");
    EXPECT_EQ(spec.parameters.empty(), spec.takes_source);
  }
}

TEST(ViewRegistry, SuggestsAFormat) {
  ViewConfig config;
  config.format = "netrcs";
  config.place = {"config.yaml", 3, 7};
  const auto view = MakeView(config);
  ASSERT_FALSE(view);
  EXPECT_EQ(view.error().Text(), "config.yaml:3:7: unknown format 'netrcs'");
  EXPECT_EQ(view.error().hint,
            "did you mean 'netrc'? known: nix-access-tokens, git-credentials, netrc, template");
}

TEST(ViewRegistry, SourceViewsWantOneInput) {
  for (const TokenFormat& format : TokenFormats()) {
    ViewConfig config;
    config.format = format.name;
    const auto view = MakeView(config);
    ASSERT_TRUE(view);
    EXPECT_TRUE((*view)->Needs().empty());
    EXPECT_FALSE((*view)->Render({}));
  }
}

}  // namespace
}  // namespace secretfs
