import Diagnostics
import Options
import TemporaryFolders
import Testing

@Suite struct NamePatternTests {
    @Test(arguments: [
        ("transformer.wte.weight", "transformer.wte.weight", true),
        ("*.wte.*", "transformer.wte.weight", true),
        ("wte", "transformer.wte.weight", false),
        ("*.h.[0-2].*", "transformer.h.1.ln_1.bias", true),
        ("*.h.[0-2].*", "transformer.h.3.ln_1.bias", false),
        ("*.h.?.*", "transformer.h.11.ln_1.bias", false), ("*", "lm_head.weight", true),
        ("*.bias", "a.bias.weight", false),
    ])
    func patternsAreThoseOfTheShell(pattern: String, name: String, isMatch: Bool) {
        #expect(NamePattern(pattern).matches(name) == isMatch)
    }

    @Test func thePatternThatFitsNothingIsNamed() throws {
        let names = ["a.weight", "b.weight"]
        try NamePattern.require([NamePattern("a.*")], toMatchIn: names, key: "train.freeze")
        let line = failureLine {
            try NamePattern.require(
                [NamePattern("a.*"), NamePattern("c.*")], toMatchIn: names, key: "train.freeze")
        }
        #expect(line.hasPrefix("train.freeze: the pattern c.* fits no weight of the model"))
    }

    @Test func theLastPatternThatFitsGivesTheFactor() throws {
        let factors = try ["*=0.5", "b.*=0", "*.bias=2e1"].map(LearningRateFactor.init)
        for (name, factor) in [("a.weight", 0.5), ("b.weight", 0), ("b.bias", 20)] {
            #expect(LearningRateFactor.factor(of: name, in: factors) == factor)
        }
        #expect(LearningRateFactor.factor(of: "a", in: []) == 1)
    }

    @Test(arguments: ["", "a", "a=", "=1", "a=b", "a=-1", "a=inf", "a=nan", "a=1=2"])
    func whatIsNoFactorIsRefused(text: String) {
        let line = failureLine { _ = try LearningRateFactor(text) }
        #expect(line.hasPrefix("optimizer.learning_rate_factors: expected pattern=factor"))
    }
}
