import ModelFiles
import Tensors
import Web

/// What a server of models is started with.
package struct ServingOptions: Sendable {
    package var host = "127.0.0.1"
    package var port = 8080
    /// Texts that are generated at once.
    package var slotCount = 4
    /// Tokens of a text with its prompt at most; nil for as many as the model sees.
    package var contextLength: Int?
    /// Texts that may wait for a slot.
    package var queueLength = 256
    /// A file of keys, one a line.
    package var keyFile: String?
    /// The origin whose pages may use the server; "*" for all.
    package var origin: String?
    /// By which connections are encrypted; nil for plain ones.
    package var encryption: WebEncryption?
    /// The file that ratings of answers are appended to.
    package var ratingFile: String?
    /// How the weights of models lie in memory.
    package var weights = HeldWeights.stored
    /// How keys and values of texts are kept.
    package var cache = KeyValueFormat.floats
    /// Adapters beside the model, by their names.
    package var adapters: [(name: String, path: String)] = []
    /// Whether the model is the newest, or best, checkpoint of a run, and goes on to be.
    package var isWatching = false
    /// A chat template instead of the model's.
    package var template: String?

    package init() {}
}
