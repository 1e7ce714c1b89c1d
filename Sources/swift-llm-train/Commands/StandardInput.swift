import Diagnostics
import Files
import Foundation

/// The text that is piped into the program.
enum StandardInput {
    /// The text that is piped in, without the line break at its end.
    static func text() throws -> String {
        let (what, place) = ("cannot read the text", "standard input")
        var bytes = try bytes()
        for end in ["\n", "\r"] where bytes.last == end.utf8.first { bytes.removeLast() }
        if let failure = TextSample([bytes]).refusal(what, at: place) { throw failure }
        guard let text = String(validating: bytes, as: UTF8.self) else {
            throw Failure(
                what, expected: FileFormat.wanted, got: "other bytes", at: place,
                remedy: "convert the text to UTF-8")
        }
        guard !text.isEmpty else {
            throw Failure(what, expected: "at least one character", got: "none", at: place)
        }
        return text
    }

    static func bytes() throws -> [UInt8] {
        do {
            return Array(try FileHandle.standardInput.readToEnd() ?? Data())
        } catch {
            throw Failure("cannot read standard input", got: error.localizedDescription)
        }
    }
}
