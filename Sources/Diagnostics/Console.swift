import Foundation

/// Standard output, line by line, also where it is a pipe.
///
/// A reader that went away (a closed pipe, a full disk) is no reason to fail.
package enum Console {
    package static func line(_ text: String) { write(text + "\n") }

    /// Text without a line break, as it comes.
    package static func write(_ text: String, to stream: FileHandle = .standardOutput) {
        try? stream.write(contentsOf: Data(text.utf8))
    }
}
