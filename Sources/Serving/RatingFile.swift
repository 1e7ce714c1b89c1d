import Diagnostics
import Foundation
import JSON
import Synchronization
import Web

/// A file of ratings, a line of JSON each, which preference tuning reads.
package final class RatingFile: Sendable {
    private let handle: Mutex<FileHandle>

    /// Opens the file, which may be a new one, to append to it.
    package init(_ path: String) throws {
        let descriptor = open(path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0o644)
        guard descriptor >= 0 else {
            throw Failure(
                "cannot write ratings", got: String(cString: strerror(errno)), at: path)
        }
        handle = Mutex(FileHandle(fileDescriptor: descriptor, closeOnDealloc: true))
    }

    private static let ratings = ["a", "b", "tie", "both_bad"]

    /// Appends a rating of two answers to the same messages.
    func add(_ request: RequestFields) throws(APIFailure) -> WebReply {
        guard let rating = try request.string("rating"), Self.ratings.contains(rating) else {
            throw request.wrong("rating", expected: Self.ratings.joined(separator: ", "))
        }
        let messages = try ChatMessages(request).messages
        let id = ReplyFrame.randomName
        let line: JSONValue = [
            "id": .string(id), "time": .integer(Int(Date().timeIntervalSince1970)),
            "messages": .array(messages), "a": try Self.answer("a", request),
            "b": try Self.answer("b", request), "rating": .string(rating),
        ]
        do {
            try handle.withLock { handle in
                try handle.write(contentsOf: line.rendered(.compact) + [0x0A])
                try handle.synchronize()
            }
        } catch { throw APIFailure("cannot write the rating: \(error)", status: 500) }
        return WebReply(["id": .string(id)])
    }

    private static func answer(
        _ name: String, _ request: RequestFields
    ) throws(APIFailure) -> JSONValue {
        guard let answer = try request.object(name), let text = try answer.string("text") else {
            throw request.wrong(name, expected: "an answer with a text")
        }
        return [
            "model": answer["model"] ?? .null, "adapter": answer["adapter"] ?? .null,
            "text": .string(text), "sampling": answer["sampling"] ?? .members([]),
        ]
    }
}
