import Diagnostics
import Foundation

/// What is piped into the program.
enum StandardInput {
    static func bytes() throws -> [UInt8] {
        do {
            return Array(try FileHandle.standardInput.readToEnd() ?? Data())
        } catch {
            throw Failure("cannot read standard input", got: error.localizedDescription)
        }
    }
}
