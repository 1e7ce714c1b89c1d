import Web

/// Another rank that serves the same models.
package struct Replica: Sendable {
    private let client: WebClient
    private let secret: String

    /// - Parameter secret: what its `ReplicaService` was made with.
    package init(host: String, port: Int, secret: String, threads: WebThreads) {
        client = WebClient(host: host, port: port, threads: threads)
        self.secret = secret
    }

    /// - Returns: nil where it does not answer.
    package func reply(to request: WebRequest) async -> WebReply? {
        var headers = request.headers
        headers[ReplicaService.secretField] = secret
        return try? await client.reply(
            to: WebRequest(
                method: request.method, path: request.path, headers: headers, body: request.body))
    }

    /// Ends it when what it has begun is done.
    package func stop() async {
        _ = await reply(to: WebRequest(method: "POST", path: ReplicaService.stopPath))
    }
}
