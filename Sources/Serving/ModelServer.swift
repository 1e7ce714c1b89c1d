import Diagnostics
import Foundation
import Generation
import Machine
import ModelFiles
import Models
import Signals
import Tensors
import Tokenizers
import Web

/// A server of models by OpenAI's protocol.
package struct ModelServer: Sendable {
    private let options: ServingOptions
    private let server: WebServer
    private let engine: EngineThread
    private let model: ServedModel
    private let slotCount: Int

    /// Loads the model and prepares its engine.
    ///
    /// - Parameter prepare: brings the weights into the wanted format.
    /// - Throws: `Failure` for what is no model, for keys that cannot be read, and where there is no
    ///   memory for a slot.
    package init(
        _ directory: String, device: Device, options: ServingOptions,
        environment: [String: String] = ProcessInfo.processInfo.environment,
        prepare: (LanguageModel) -> Void = { _ in }
    ) throws {
        let (model, tokenizer) = try LoadedModel.load(directory, device: device)
        prepare(model)
        let most = model.configuration.contextLength
        let context = min(options.contextLength ?? most, most)
        slotCount = try Self.slotCount(options.slotCount, model.configuration, context)
        self.options = options
        self.model = ServedModel(
            name: Self.name(of: directory), path: directory, model: model, tokenizer: tokenizer,
            template: try Self.template(options, directory, tokenizer), contextLength: context,
            created: Int(Date().timeIntervalSince1970))
        engine = EngineThread { [slotCount] in
            DecodingEngine(tokenizer: tokenizer, slotCount: slotCount, contextLength: context)
        }
        let service = ModelService(
            models: [self.model], engine: engine, slotCount: slotCount,
            queueLength: options.queueLength, keys: try Self.keys(options, environment),
            crossOrigin: options.origin.map { CrossOrigin($0) },
            ratings: try options.ratingFile.map { try RatingFile($0) })
        server = WebServer(host: options.host, port: options.port, service: service)
    }

    /// Serves until it is asked to stop.
    package func run(until stop: StopRequest) async throws {
        let words =
            "\(model.name), \(Quantity.count(slotCount, "text")) at once of "
            + "\(model.contextLength) tokens"
        try await server.run(until: stop) { [options] port in
            Console.line("serving \(words), at http://\(options.host):\(port)")
        }
        engine.close()
    }

    /// The name of a model: that of its directory or file.
    private static func name(of path: String) -> String {
        let parts = path.split(separator: "/").map(String.init)
        guard let last = parts.last else { return "model" }
        let isCheckpoint = last == "latest" || last.hasPrefix("step-")
        // RUN/checkpoints/latest.
        let name = isCheckpoint && parts.count >= 3 ? parts[parts.count - 3] : last
        return name.hasSuffix(".gguf") ? String(name.dropLast(5)) : name
    }

    private static func template(
        _ options: ServingOptions, _ directory: String, _ tokenizer: any Tokenizer
    ) throws -> ChatTemplate? {
        if options.template == nil, try ChatTemplate.kept(in: directory) == nil { return nil }
        return try ChatTemplate.template(
            options.template, model: directory, tokenizer: tokenizer)
    }

    /// The keys of the file, or those of the environment.
    private static func keys(
        _ options: ServingOptions, _ environment: [String: String]
    ) throws -> APIKeys {
        if let file = options.keyFile { return try APIKeys(file: file) }
        let listed = environment["SWIFT_LLM_API_KEYS"] ?? ""
        return APIKeys(listed.split(separator: ",").map(String.init))
    }

    /// The slots that there is memory for.
    private static func slotCount(
        _ wanted: Int, _ model: DecoderConfiguration, _ contextLength: Int
    ) throws -> Int {
        let bytes = KeyValueCache.byteCount(model, contextLength: contextLength)
        let free = SystemFile.usableBytes / 4 * 3
        let count = min(wanted, free / max(1, bytes))
        guard count >= 1 else {
            throw Failure(
                "there is no memory for a text", expected: Quantity.bytes(bytes),
                got: "\(Quantity.bytes(free)) that may be used",
                remedy: "lower --context from \(contextLength)")
        }
        if count < wanted {
            let note = "there is memory for \(count) of \(wanted) texts of \(contextLength) tokens"
            Console.write("note: \(note); a lower --context makes room\n", to: .standardError)
        }
        return count
    }
}
