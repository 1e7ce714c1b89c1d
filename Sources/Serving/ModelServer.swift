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
    private let service: ModelService
    private let slotCount: Int

    /// Loads the model and prepares its engine.
    ///
    /// - Parameter prepare: decides how the weights are multiplied.
    /// - Throws: `Failure` for what is no model, for keys that cannot be read, and where there is no
    ///   memory for a slot.
    package init(
        _ directory: String, device: Device, options: ServingOptions,
        environment: [String: String] = ProcessInfo.processInfo.environment,
        prepare: @escaping @Sendable (LanguageModel) -> Void = { _ in }
    ) throws {
        let keys = try Self.keys(options, environment)
        let loader = ModelLoader(device: device, options: options, prepare: prepare)
        let model = try loader.load(directory)
        let adapters = try options.adapters.map {
            try loader.load($0.path, name: $0.name, besides: model)
        }
        let (tokenizer, context) = (model.tokenizer, model.contextLength)
        slotCount = try Self.slotCount(options.slotCount, model.model.configuration, context)
        self.options = options
        engine = EngineThread { [slotCount] in
            DecodingEngine(tokenizer: tokenizer, slotCount: slotCount, contextLength: context)
        }
        service = ModelService(
            models: [model] + adapters, loader: loader, engine: engine, slotCount: slotCount,
            queueLength: options.queueLength, keys: keys,
            crossOrigin: options.origin.map { CrossOrigin($0) },
            ratings: try options.ratingFile.map { try RatingFile($0) })
        server = WebServer(host: options.host, port: options.port, service: service)
    }

    /// Serves until it is asked to stop.
    package func run(until stop: StopRequest) async throws {
        let model = service.first
        let words =
            "\(model.name), \(Quantity.count(slotCount, "text")) at once of "
            + "\(model.contextLength) tokens"
        model.model.quantizedNote.map { Console.write("\($0)\n", to: .standardError) }
        let watch = Task { [options, service] in
            guard options.isWatching else { return }
            await CheckpointWatch(
                link: model.path, loader: service.loader, service: service
            ).run()
        }
        defer {
            watch.cancel()
            engine.close()
        }
        try await server.run(until: stop) { [options] port in
            Console.line("serving \(words), at http://\(options.host):\(port)")
        }
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
