import Diagnostics
import Generation
import JSON
import Synchronization
import Web

/// The models that are served, and how their requests are answered.
package final class ModelService: WebService {
    private let models: Mutex<[ServedModel]>
    let loader: ModelLoader
    private let queue: TextQueue
    private let keys: APIKeys
    private let crossOrigin: CrossOrigin?
    private let ratings: RatingFile?
    private let requestCounts = Mutex<[String: Int]>([:])

    /// - Parameters:
    ///   - models: the first one answers where a request names none.
    ///   - queueLength: texts that may wait for a slot.
    package init(
        models: [ServedModel], loader: ModelLoader, engine: EngineThread, slotCount: Int,
        queueLength: Int,
        keys: APIKeys, crossOrigin: CrossOrigin?, ratings: RatingFile? = nil
    ) {
        self.models = Mutex(models)
        self.loader = loader
        queue = TextQueue(engine, slotCount: slotCount, queueLength: queueLength)
        (self.keys, self.crossOrigin, self.ratings) = (keys, crossOrigin, ratings)
    }

    var served: [ServedModel] { models.withLock { $0 } }
    var first: ServedModel { served[0] }

    /// - Throws: where the name is taken.
    func add(_ model: ServedModel) throws(APIFailure) {
        let isTaken = models.withLock { models in
            if models.contains(where: { $0.name == model.name }) { return true }
            models.append(model)
            return false
        }
        if isTaken {
            throw APIFailure(
                "There is a model `\(model.name)` already.", field: "name", status: 409)
        }
    }

    /// Texts that have begun go on with the model that they began with.
    func replaceFirst(by model: ServedModel) {
        models.withLock { $0[0] = model }
        queue.forget(allBut: served)
    }

    func remove(_ name: String) {
        models.withLock { $0.removeAll { $0.name == name } }
        queue.forget(allBut: served)
    }

    package func refusal(status: Int, _ message: String) -> WebReply {
        APIFailure(message, status: status).reply
    }

    package func reply(to request: WebRequest) async -> WebReply {
        if request.method == "OPTIONS", let crossOrigin { return crossOrigin.preflight }
        var reply: WebReply
        do throws(APIFailure) {
            reply = try answer(request)
        } catch {
            reply = error.reply
        }
        note(request, reply)
        crossOrigin?.allow(&reply)
        return reply
    }

    private func note(_ request: WebRequest, _ reply: WebReply) {
        let path = Self.paths.contains(request.path) ? request.path : "other"
        requestCounts.withLock { $0["\(path) \(reply.status)", default: 0] += 1 }
    }

    private static let paths: Set<String> = [
        "/v1/models", "/v1/chat/completions", "/v1/completions", "/v1/responses",
        "/v1/embeddings", "/v1/ratings", "/tokenize", "/detokenize", "/tokenizer_info",
        "/apply-template",
        "/health", "/metrics", "/", ModelService.adaptersPath,
    ]

    private func answer(_ request: WebRequest) throws(APIFailure) -> WebReply {
        if request.path == "/health" && request.method == "GET" {
            return WebReply(["status": "ok"])
        }
        if request.path == "/" && request.method == "GET" { return page }
        guard let key = keys.name(ofKeyIn: request) else {
            throw APIFailure(
                "Incorrect API key provided. Send it as Authorization: Bearer KEY.",
                code: "invalid_api_key", status: 401)
        }
        switch request.method {
        case "GET", "HEAD": return try shown(request)
        case "POST": return try posted(request, key: key)
        case "DELETE" where request.path.hasPrefix(Self.adaptersPath + "/"):
            return try dropAdapter(String(request.path.dropFirst(Self.adaptersPath.count + 1)))
        default:
            throw APIFailure(
                "\(request.method) is not answered here: expected GET or POST", status: 405)
        }
    }

    /// The page of chats, which asks for a key itself.
    private var page: WebReply {
        var reply = WebReply(type: "text/html; charset=utf-8", PackageResources.index_html)
        reply.headers["content-security-policy"] =
            "default-src 'none'; script-src 'unsafe-inline'; style-src 'unsafe-inline'; "
            + "connect-src 'self'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'"
        reply.headers["x-content-type-options"] = "nosniff"
        return reply
    }

    private func shown(_ request: WebRequest) throws(APIFailure) -> WebReply {
        let prefix = "/v1/models/"
        switch request.path {
        case "/v1/models", "/models":
            return WebReply([
                "object": "list", "data": .array(models.withLock { $0.map(\.json) }),
            ])
        case let path where path.hasPrefix(prefix):
            return WebReply(try model(named: String(path.dropFirst(prefix.count))).json)
        case Self.adaptersPath: return adapters
        case "/tokenizer_info": return TokenRequests.information(try model(named: nil))
        case "/metrics": return WebReply(type: PrometheusText.type, metrics.bytes)
        default: throw unknown(request)
        }
    }

    private func posted(
        _ request: WebRequest, key: String
    ) throws(APIFailure) -> WebReply {
        guard Self.paths.contains(request.path) else { throw unknown(request) }
        let fields = try RequestFields(request)
        if request.path == Self.adaptersPath { return try loadAdapter(fields) }
        if request.path == "/v1/ratings" {
            guard let ratings else {
                throw APIFailure(
                    "Ratings are not kept: start the server with --ratings FILE.", status: 404)
            }
            return try ratings.add(fields)
        }
        let model = try model(named: fields.string("model"))
        switch request.path {
        case "/v1/chat/completions":
            return try ChatCompletions(fields, model: model, queue: queue, key: key).reply()
        case "/v1/completions":
            return try Completions(fields, model: model, queue: queue, key: key).reply()
        case "/v1/responses":
            return try Responses(fields, model: model, queue: queue, key: key).reply()
        case "/v1/embeddings": return try Embeddings(fields, model: model, queue: queue).reply()
        case "/tokenize": return try TokenRequests.tokenize(fields, model)
        case "/detokenize": return try TokenRequests.detokenize(fields, model)
        case "/apply-template": return try TokenRequests.applyTemplate(fields, model)
        default: throw unknown(request)
        }
    }

    private func unknown(_ request: WebRequest) -> APIFailure {
        APIFailure(
            "Unknown request URL: \(request.method) \(request.path)", code: "unknown_url",
            status: 404)
    }

    private func model(named name: String?) throws(APIFailure) -> ServedModel {
        let models = models.withLock { $0 }
        guard let name else { return models[0] }
        if let model = models.first(where: { $0.name == name || $0.path == name }) { return model }
        throw APIFailure(
            "The model `\(name)` does not exist: there is "
                + models.map(\.name).joined(separator: ", "),
            field: "model", code: "model_not_found", status: 404)
    }

    private var metrics: PrometheusText {
        var text = PrometheusText()
        let counts = queue.counts.withLock { $0 }
        func add(_ name: String, _ kind: PrometheusText.Kind, _ help: String, _ value: Int) {
            text.add("swift_llm_\(name)", kind, help, Double(value))
        }
        add("prompt_tokens_total", .counter, "Tokens of prompts.", counts.promptTokens)
        add(
            "known_prompt_tokens_total", .counter, "Tokens of prompts that were known already.",
            counts.knownTokens)
        add("generated_tokens_total", .counter, "Tokens that were drawn.", counts.drawnTokens)
        add("steps_total", .counter, "Passes through a model.", counts.steps)
        add("step_rows_total", .counter, "Rows of all passes.", counts.rows)
        add("texts_running", .gauge, "Texts that have a slot.", queue.runningCount)
        add(
            "texts_waiting", .gauge, "Texts that wait for a slot.",
            queue.activeCount - queue.runningCount)
        add("requests_refused_total", .counter, "Requests that found no room.", queue.refusedCount)
        let requests = requestCounts.withLock { $0 }.sorted { $0.key < $1.key }
        text.add(
            "swift_llm_requests_total", .counter, "Requests by path and status.",
            requests.map { key, count in
                let parts = key.split(separator: " ").map(String.init)
                return ([("path", parts[0]), ("status", parts[1])], Double(count))
            })
        return text
    }
}
