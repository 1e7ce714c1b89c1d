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
    private let engine: EngineThread
    private let service: ModelService
    private let slotCount: Int

    /// Loads the model and prepares its engine.
    ///
    /// - Parameters:
    ///   - draftSource: makes what guesses tokens of the model's tokenizer.
    ///   - prepare: decides how the weights are multiplied.
    /// - Throws: `Failure` for what is no model, for keys that cannot be read, and where there is no
    ///   memory for a slot.
    package init(
        _ directory: String, device: Device, options: ServingOptions,
        environment: [String: String] = ProcessInfo.processInfo.environment,
        draftSource: (any Tokenizer) throws -> DraftSource? = { _ in .text },
        prepare: @escaping @Sendable (LanguageModel) -> Void = { _ in }
    ) throws {
        let keys = try Self.keys(options, environment)
        let loader = ModelLoader(device: device, options: options, prepare: prepare)
        let model = try loader.load(directory)
        let adapters = try options.adapters.map {
            try loader.load($0.path, name: $0.name, besides: model)
        }
        let (tokenizer, context) = (model.tokenizer, model.contextLength)
        let drafts = try draftSource(tokenizer)
        slotCount = try Self.slotCount(
            options.slotCount, model.model.configuration, contextLength: context,
            format: options.cache)
        self.options = options
        engine = EngineThread { [slotCount, format = options.cache] in
            DecodingEngine(
                tokenizer: tokenizer, slotCount: slotCount, contextLength: context,
                draftSource: drafts, cacheFormat: format)
        }
        service = ModelService(
            models: [model] + adapters, loader: loader, engine: engine, slotCount: slotCount,
            queueLength: options.queueLength, keys: keys,
            crossOrigin: options.origin.map { CrossOrigin($0) },
            ratings: try options.ratingFile.map { try RatingFile($0) })
    }

    /// Serves until it is asked to stop, and deals requests out to other ranks.
    package func run(until stop: StopRequest, replicas: [Replica] = []) async throws {
        service.first.model.quantizedNote.map { Console.write("\($0)\n", to: .standardError) }
        let ranks = replicas.isEmpty ? "" : " on each of \(replicas.count + 1) ranks"
        let words =
            "\(service.first.name), \(Quantity.count(slotCount, "text")) at once\(ranks) of "
            + "\(service.first.contextLength) tokens"
        let dealer = RequestDealer(service, replicas: replicas)
        let server = WebServer(
            host: options.host, port: options.port, encryption: options.encryption,
            service: replicas.isEmpty ? service : dealer)
        let scheme = options.encryption == nil ? "http" : "https"
        try await serve(server, until: stop) { [options] port in
            Console.line("serving \(words), at \(scheme)://\(options.host):\(port)")
        }
        for replica in replicas { await replica.stop() }
    }

    /// Serves the first rank until it, or a signal, ends it.
    ///
    /// - Parameters:
    ///   - host: the address at which it listens, on a port that is free.
    ///   - secret: what requests of the first rank bring.
    ///   - whenListening: called with the port.
    package func runAsReplica(
        until stop: StopRequest, host: String, secret: String,
        whenListening: @escaping @Sendable (Int) -> Void
    ) async throws {
        let replica = ReplicaService(service, secret: secret) { kill(getpid(), SIGTERM) }
        let server = WebServer(host: host, port: 0, service: replica)
        try await serve(server, until: stop, whenListening: whenListening)
    }

    private func serve(
        _ server: WebServer, until stop: StopRequest,
        whenListening: @escaping @Sendable (Int) -> Void
    ) async throws {
        let watch = Task { [options, service] in
            guard options.isWatching else { return }
            await CheckpointWatch(
                link: service.first.path, loader: service.loader, service: service
            ).run()
        }
        defer {
            watch.cancel()
            engine.close()
        }
        try await server.run(until: stop, whenListening: whenListening)
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
    ///
    /// - Throws: `Failure` where there is none for a single one.
    package static func slotCount(
        _ wanted: Int, _ model: DecoderConfiguration, contextLength: Int,
        format: KeyValueFormat, usableBytes: Int = SystemFile.usableBytes
    ) throws -> Int {
        let bytes = KeyValueCache.byteCount(
            model, contextLength: contextLength, format: format)
        let free = usableBytes / 4 * 3
        let count = min(wanted, free / max(1, bytes))
        let remedy =
            "a lower --context" + (format == .integers ? "" : " or --cache q8") + " makes room"
        guard count >= 1 else {
            throw Failure(
                "there is no memory for a text of \(contextLength) tokens",
                expected: Quantity.bytes(bytes),
                got: "\(Quantity.bytes(free)) that may be used",
                remedy: remedy)
        }
        if count < wanted {
            let note = "there is memory for \(count) of \(wanted) texts of \(contextLength) tokens"
            Console.write("note: \(note); \(remedy)\n", to: .standardError)
        }
        return count
    }
}
