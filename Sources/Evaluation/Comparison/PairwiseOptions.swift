import Diagnostics
import Options

/// How the answers of what was fine-tuned are compared with those of another model, in the phase evaluate.
package struct PairwiseOptions: OptionBlock {
    /// A file of prompts, as those of policy optimisation, that both answer; by default nothing is compared.
    package var prompts: String?
    /// The model whose answers are to be surpassed; by default that of finetune.from.
    package var against: String?
    /// What judges: a reward model, or a language model that is asked which answer is better.
    package var judge: String?
    /// A command of the shell that judges in its place.
    package var command: String?
    /// Seconds that the command may take.
    package var timeoutSeconds = 600.0
    /// Tokens of an answer at most.
    package var maximumNewTokens = 256
    /// Divides the logits with which answers are drawn; 0 takes the likeliest tokens; usual 0.7 to 1.
    package var temperature = 0.7

    package init() {}

    package static var fields: [OptionField<PairwiseOptions>] {
        [
            OptionField("prompts", \.prompts, .changesFreely).naming(.input).addedLater,
            OptionField("against", \.against, .changesFreely).naming(.input).addedLater
                .when(.given("prompts")),
            OptionField("judge", \.judge, .changesFreely).naming(.input).addedLater
                .when(.given("prompts")),
            OptionField("command", \.command, .changesFreely).addedLater
                .when(.given("prompts")),
            OptionField("timeout_seconds", \.timeoutSeconds, .aboveZero, .changesFreely)
                .addedLater.when(.given("command")),
            OptionField("maximum_new_tokens", \.maximumNewTokens, .atLeast(1), .changesFreely)
                .addedLater.when(.given("prompts")),
            OptionField("temperature", \.temperature, .atLeast(0), .changesFreely).addedLater
                .when(.given("prompts")),
        ]
    }

    /// - Throws: a usage `Failure` where nothing judges, or two things do.
    package func validate() throws {
        guard prompts != nil, (judge == nil) == (command == nil) else { return }
        throw Failure(
            FailureText("\(key: "evaluate.pairwise.judge") or a command judges"),
            expected: "one of evaluate.pairwise.judge and evaluate.pairwise.command",
            got: judge == nil ? "neither" : "both",
            remedy: "name a reward model, a language model, or a command", kind: .usage)
    }
}
