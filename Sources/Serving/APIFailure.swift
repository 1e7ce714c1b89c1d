import Diagnostics
import JSON
import Web

/// An answer that refuses a request, as OpenAI's protocol words it.
struct APIFailure: Error {
    var status = 400
    let message: String
    /// The field that is wrong.
    var field: String?
    var code: String?
    /// Seconds after which the client may try again.
    var retrySeconds: Int?

    init(_ message: String, field: String? = nil, code: String? = nil, status: Int = 400) {
        (self.message, self.field, self.code, self.status) = (message, field, code, status)
    }

    /// What went wrong with a request, from an error of whatever kind.
    init(_ error: any Error) {
        if let failure = error as? APIFailure {
            self = failure
        } else if let failure = error as? Failure {
            self.init(failure.line)
        } else {
            self.init("\(error)", status: 500)
        }
    }

    private var type: String {
        switch status {
        case 401: "authentication_error"
        case 404: "not_found_error"
        case 429: "rate_limit_error"
        case 500...: "server_error"
        default: "invalid_request_error"
        }
    }

    var json: JSONValue {
        [
            "error": [
                "message": .string(message), "type": .string(type),
                "param": field.map { .string($0) } ?? .null,
                "code": code.map { .string($0) } ?? .null,
            ]
        ]
    }

    var reply: WebReply {
        var reply = WebReply(status: status, json)
        if let retrySeconds { reply.headers["retry-after"] = "\(retrySeconds)" }
        if status == 401 { reply.headers["www-authenticate"] = "Bearer" }
        return reply
    }
}

extension WebReply {
    init(status: Int = 200, _ json: JSONValue) {
        self.init(status: status, type: "application/json", json.rendered(.compact))
    }
}
