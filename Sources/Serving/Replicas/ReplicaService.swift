import Crypto
import Web

/// What a replica answers: the requests that the first rank passes on to it, and no others.
package struct ReplicaService: WebService {
    /// The header field of the secret that the ranks share.
    static let secretField = "x-swift-llm-secret"
    /// Ends the replica.
    static let stopPath = "/replica/stop"

    private let service: any WebService
    private let secret: [UInt8]
    private let stop: @Sendable () -> Void

    package init(
        _ service: any WebService, secret: String, stop: @escaping @Sendable () -> Void
    ) {
        (self.service, self.stop) = (service, stop)
        self.secret = Self.hash(secret)
    }

    package func reply(to request: WebRequest) async -> WebReply {
        let given = Self.hash(request.headers[Self.secretField] ?? "")
        guard zip(secret, given).reduce(UInt8(0), { $0 | ($1.0 ^ $1.1) }) == 0 else {
            return refusal(status: 401, "This is a replica: ask the server it belongs to.")
        }
        if request.path == Self.stopPath {
            stop()
            return WebReply(type: "text/plain", [])
        }
        return await service.reply(to: request)
    }

    package func refusal(status: Int, _ message: String) -> WebReply {
        service.refusal(status: status, message)
    }

    private static func hash(_ text: String) -> [UInt8] {
        Array(SHA256.hash(data: Array(text.utf8)))
    }
}
