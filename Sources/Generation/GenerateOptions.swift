import Models
import Options
import Tensors

/// Options of what text is sampled from a model, and how.
package struct GenerateOptions: OptionBlock {
    /// The text to go on from.
    package var prompt: String?
    /// Whether the prompt is a message for the model's chat template, and the answer alone is printed.
    package var chat = false
    /// A chat template instead of the model's: a name, a .jinja file or a JSON file of pieces.
    package var template: String?
    /// Tokens to add at most; usual 50 to 500.
    package var maximumTokens = 200
    /// Texts to sample, one after the other; usual 1 to 5.
    package var samples = 1
    /// Divides the logits: below 1 safer, above 1 bolder, 0 always the likeliest; usual 0.7 to 1.
    package var temperature = 1.0
    /// Samples among the k likeliest tokens; by default all; usual 40 to 200.
    package var topK: Int?
    /// Samples among the likeliest tokens that together reach this probability; by default all;
    /// usual 0.9 to 0.95.
    package var topP: Double?
    /// Divides the positive logits, and multiplies the negative ones, of tokens that the text has
    /// already; 1 changes nothing; usual 1 to 1.3.
    package var repetitionPenalty = 1.0
    /// Texts that end a sample and are not printed.
    package var stop: [String] = []
    /// The format of the weights; bf16, where the processor has it, rounds them, and reads half of the
    /// memory for each token; usual fp32.
    package var precision = NumberFormat.fp32
    /// How products with quantised weights are computed: exact decodes the weights; int8 rounds to 8 bits what
    /// is multiplied with them, which is faster and can change an answer; usual exact.
    package var compute = QuantizedArithmetic.exact
    /// How the weights lie in memory: none makes floats of them, q8_0 and q4_k quantise them; by default they
    /// stay as the file holds them.
    package var quantize: WeightQuantization?
    /// How keys and values of the text are kept: f32 as they are computed; bf16 and q8 rounded, to a half and to
    /// a bit more than a quarter of the memory, which long texts are faster with; usual f32.
    package var cache = KeyValueFormat.floats
    /// What guesses the next tokens, so that several are computed in one pass: text, which looks where the last
    /// ones came before; a smaller model of the same tokens; or none. It changes no token; usual text.
    package var draft = "text"
    /// Decides the samples; by default the recipe's seed.
    package var seed: Int?
    /// Steps of a training from one text that the model writes to the next; 0 for none; usual 100 to 1,000.
    package var everySteps = 0

    package init() {}

    package static var fields: [OptionField<GenerateOptions>] {
        [
            OptionField("prompt", \.prompt, .changesFreely),
            OptionField("chat", \.chat, .changesFreely),
            OptionField("template", \.template, .changesFreely).naming(.inputOrName),
            OptionField("maximum_tokens", \.maximumTokens, .atLeast(1), .changesFreely),
            OptionField("samples", \.samples, .atLeast(1), .changesFreely),
            OptionField("temperature", \.temperature, .atLeast(0), .changesFreely),
            OptionField("top_k", \.topK, .atLeast(1), .changesFreely).when(
                .key("temperature", isNot: "0.0")),
            OptionField("top_p", \.topP, .aboveZeroToOne, .changesFreely)
                .when(.key("temperature", isNot: "0.0")),
            OptionField("repetition_penalty", \.repetitionPenalty, .aboveZero, .changesFreely),
            OptionField("stop", \.stop, .changesFreely),
            OptionField("precision", \.precision, .changesFreely),
            OptionField("compute", \.compute, .changesFreely),
            OptionField("quantize", \.quantize, .changesFreely),
            OptionField("cache", \.cache, .changesFreely).addedLater,
            OptionField("draft", \.draft, .changesFreely).naming(.inputOrName),
            OptionField("seed", \.seed, .atLeast(0), .changesFreely),
            OptionField("every_steps", \.everySteps, .atLeast(0), .changesFreely)
                .addedLater.also(in: "pretrain", "finetune"),
        ]
    }
}
