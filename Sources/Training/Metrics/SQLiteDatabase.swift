import Diagnostics
import Foundation

/// A file of SQLite that is written to; others may read and write it at the same time.
final class SQLiteDatabase {
    enum Value {
        case text(String)
        case integer(Int)
    }

    private let library: SQLiteLibrary
    private let path: String
    private var handle: SQLiteLibrary.Handle?

    /// Milliseconds to wait for another program that writes.
    private static let patience: Int32 = 30_000
    /// What a step of a statement returns, and how long a text lives: until it is copied.
    private static let (row, done) = (Int32(100), Int32(101))
    private static var copies: UnsafeMutableRawPointer? { UnsafeMutableRawPointer(bitPattern: -1) }

    /// Opens the file, or makes it.
    ///
    /// - Throws: `Failure` where it cannot be opened.
    init(at path: String, _ library: SQLiteLibrary) throws {
        (self.library, self.path) = (library, path)
        guard library.open(path, &handle) == 0 else { throw failure() }
        _ = library.wait(handle, Self.patience)
    }

    deinit { _ = library.close(handle) }

    /// Carries out one statement, whose rows nobody wants.
    ///
    /// - Parameter values: for each ? of it.
    func run(_ statement: String, _ values: [Value] = []) throws {
        var prepared: SQLiteLibrary.Handle?
        guard library.prepare(handle, statement, -1, &prepared, nil) == 0 else { throw failure() }
        defer { _ = library.finalize(prepared) }
        for (index, value) in values.enumerated() {
            let place = Int32(index + 1)
            let code =
                switch value {
                case .text(let text):
                    text.withCString { library.bindText(prepared, place, $0, -1, Self.copies) }
                case .integer(let number):
                    library.bindInteger(prepared, place, Int64(number))
                }
            guard code == 0 else { throw failure() }
        }
        var code = library.step(prepared)
        while code == Self.row { code = library.step(prepared) }
        guard code == Self.done else { throw failure() }
    }

    private func failure() -> Failure {
        let message = library.message(handle).map { String(cString: $0) }
        return Failure(
            "cannot write metrics", got: message ?? "no memory", at: path,
            remedy: FailureText(
                "leave out \(key: "metrics.trackio"), or name another project; of an old file, let "
                    + "trackio open it once"))
    }
}
