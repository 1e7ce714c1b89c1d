import Diagnostics
import Foundation

/// A folder of one test, removed with the value.
package final class TemporaryFolder: Sendable {
    package let path: String

    package init() throws {
        let url = FileManager.default.temporaryDirectory
            .appendingPathComponent("swift-llm-train-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: url, withIntermediateDirectories: true)
        path = url.path
    }

    deinit { try? FileManager.default.removeItem(atPath: path) }

    package func callAsFunction(_ name: String) -> String { "\(path)/\(name)" }

    package var names: [String] {
        get throws { try FileManager.default.contentsOfDirectory(atPath: path).sorted() }
    }

    /// Puts a file there without the code under test.
    package func put(_ bytes: [UInt8], at name: String) throws {
        try Data(bytes).write(to: URL(fileURLWithPath: self(name)))
    }

    package func bytes(_ name: String) throws -> [UInt8] {
        Array(try Data(contentsOf: URL(fileURLWithPath: self(name))))
    }

    package func write(_ text: String, to name: String) throws {
        try put(Array(text.utf8), at: name)
    }

    package func text(_ name: String) throws -> String {
        String(decoding: try bytes(name), as: UTF8.self)
    }
}

/// The line of the failure that `body` throws; empty when it throws none.
package func failureLine(_ body: () throws -> Void) -> String {
    do {
        try body()
        return ""
    } catch let failure as Failure {
        return failure.line
    } catch {
        return "not a Failure: \(error)"
    }
}
