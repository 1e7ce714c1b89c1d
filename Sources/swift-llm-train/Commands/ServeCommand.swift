import ArgumentParser
import Collectives
import Diagnostics
import Generation
import ModelFiles
import Models
import Runs
import Serving
import Signals
import Tensors
import Tokenizers
import Web

/// `serve`: a model for programs that speak OpenAI's protocol.
struct ServeCommand: RankedCommand {
    static let configuration = CommandConfiguration(
        commandName: "serve",
        abstract: "Serves a model by OpenAI's protocol.",
        discussion: """
            Answers /v1/chat/completions, /v1/completions and /v1/models, and what \
            lm-evaluation-harness asks about tokens. A text is the same, bit for bit, whoever else \
            is asking. SIGTERM or Ctrl-C lets what has begun end. Under mpirun each rank serves the \
            model, and the first one deals requests out.

            Examples:
              swift-llm-train serve --model runs/mine
              swift-llm-train serve --model MODEL --host 0.0.0.0 --api-key-file keys.txt
              mpirun -n 4 swift-llm-train serve --model MODEL --parallel 8
              curl http://127.0.0.1:8080/v1/completions -d '{"prompt": "Once"}'
            """)

    private static let defaults = ServingOptions()

    @Option(
        help: ArgumentHelp("A model directory, GGUF file, checkpoint or run.", valueName: "dir"))
    var model: String?

    @Option(
        help: ArgumentHelp(
            "A run whose newest checkpoint is served, and those that follow it.",
            valueName: "run"))
    var watch: String?

    @Option(
        help: ArgumentHelp(
            "With --watch: latest, or best.", valueName: "which"))
    var checkpoint = "latest"

    @Option(
        help: ArgumentHelp(
            "An adapter beside the model, under a name of its own; may be given again.",
            valueName: "name=dir"))
    var adapter: [String] = []

    @Option(help: ArgumentHelp("The address to listen at.", valueName: "host"))
    var host = Self.defaults.host

    @Option(
        parsing: .unconditional, help: ArgumentHelp("The port; 0 takes a free one.", valueName: "p")
    )
    var port = Self.defaults.port

    @Option(
        parsing: .unconditional,
        help: ArgumentHelp("Texts that are generated at once.", valueName: "n"))
    var parallel = Self.defaults.slotCount

    @Option(
        parsing: .unconditional,
        help: ArgumentHelp(
            "Tokens of a text with its prompt at most; by default all that the model sees.",
            valueName: "n"))
    var context: Int?

    @Option(
        parsing: .unconditional,
        help: ArgumentHelp(
            "Texts that may wait; more are refused for the time being.", valueName: "n"))
    var queue = Self.defaults.queueLength

    @Option(
        help: ArgumentHelp(
            "A file of keys, one a line, with which clients may come. Without it those of "
                + "SWIFT_LLM_API_KEYS, with commas between them; without any, all may.",
            valueName: "file"))
    var apiKeyFile: String?

    @Option(
        help: ArgumentHelp(
            "The origin whose pages may use the server, or *; by default none.",
            valueName: "origin"))
    var cors: String?

    @Option(
        help: ArgumentHelp(
            "A file of JSON lines that ratings given on the page are appended to.",
            valueName: "file"))
    var ratings: String?

    @Option(
        help: ArgumentHelp(
            "A PEM file of the certificate by which connections are encrypted.",
            valueName: "file"))
    var tlsCertificate: String?

    @Option(help: ArgumentHelp("A PEM file of its private key.", valueName: "file"))
    var tlsKey: String?

    @Option(
        help: ArgumentHelp(
            "A chat template instead of the model's: "
                + ChatTemplate.names.joined(separator: ", ")
                + ", a .jinja file or a JSON file of pieces.",
            valueName: "name"))
    var template: String?

    @OptionGroup var weights: WeightFlags

    @OptionGroup var cacheFlag: CacheFlag

    @OptionGroup var draftFlag: DraftFlag

    var outlivesItsOutput: Bool { true }

    func run(on communicator: any Communicator) throws -> Int32 {
        try communicator.agree { try validateFlags() }
        // From here on a signal drains.
        let stop = StopRequest()
        let compute = try ComputeResources.agree(threadsPerRank: nil, over: communicator)
        let device = compute.makeDevice().byRow
        let server = try communicator.agree { try load(on: device) }
        try ReplicatedServer(server, communicator).run(until: stop)
        return 0
    }

    private func load(on device: Device) throws -> ModelServer {
        try ModelServer(
            try path(), device: device, options: try makeOptions(),
            draftSource: {
                try DraftSource.load(draftFlag.draft, besides: $0, device: device)
            },
            prepare: { [precision = weights.precision, arithmetic = weights.compute] model in
                model.parameters.quantizedArithmetic = arithmetic
                if precision == .bf16 && ComputeKernels.hasBFloat16 {
                    model.parameters.keepBFloat16()
                }
            })
    }

    private func makeOptions() throws -> ServingOptions {
        var options = ServingOptions()
        (options.host, options.port, options.slotCount) = (host, port, parallel)
        (options.contextLength, options.queueLength) = (context, queue)
        (options.keyFile, options.origin, options.template) = (apiKeyFile, cors, template)
        (options.ratingFile, options.isWatching) = (ratings, watch != nil)
        (options.weights, options.cache) = (weights.held, cacheFlag.cache)
        if let tlsCertificate, let tlsKey {
            options.encryption = try WebEncryption(certificate: tlsCertificate, key: tlsKey)
        }
        options.adapters = adapter.map { pair in
            let parts = pair.split(separator: "=", maxSplits: 1).map(String.init)
            return (parts[0], parts[1])
        }
        return options
    }

    /// The model, or the link to the checkpoint that is watched.
    private func path() throws -> String {
        if let model { return try ModelPath(model).announced() }
        return "\(watch ?? "")/checkpoints/\(checkpoint)"
    }

    private func validateFlags() throws {
        guard (model == nil) != (watch == nil) else {
            throw Failure(
                "serve needs a model", expected: "--model or --watch",
                got: model == nil ? "neither" : "both", kind: .usage)
        }
        guard (tlsCertificate == nil) == (tlsKey == nil) else {
            throw Failure(
                "encrypted connections need a certificate and its key",
                expected: "--tls-certificate and --tls-key",
                got: tlsKey == nil ? "--tls-certificate alone" : "--tls-key alone", kind: .usage)
        }
        guard ["latest", "best"].contains(checkpoint) else {
            throw Failure(
                "--checkpoint", expected: "latest or best", got: checkpoint, kind: .usage)
        }
        for pair in adapter where pair.split(separator: "=", maxSplits: 1).count != 2 {
            throw Failure("--adapter", expected: "name=directory", got: pair, kind: .usage)
        }
        let limits = [
            ("--port", port, 0...65535), ("--parallel", parallel, 1...1024),
            ("--queue", queue, 0...1_000_000), ("--context", context ?? 1, 1...Int(Int32.max)),
        ]
        for (flag, value, range) in limits where !range.contains(value) {
            throw Failure(
                flag, expected: "\(range.lowerBound) to \(range.upperBound)", got: "\(value)",
                remedy: "see --help", kind: .usage)
        }
    }
}
