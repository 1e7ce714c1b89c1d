import Diagnostics
import Files
import Foundation

/// The directories of the runs of the quick start: runs/quickstart-1, runs/quickstart-2, ...
package enum QuickStartDirectory {
    package static func path(_ number: Int) -> String { "runs/quickstart-\(number)" }

    /// The newest run to resume, or else the next free number, whose directory it makes: two quick
    /// starts at the same time take different ones.
    ///
    /// - Parameter base: The directory that holds runs.
    package static func number(isResuming: Bool, in base: String = ".") throws -> Int {
        let newest = try numbers(in: base).max() ?? 0
        if isResuming {
            guard newest > 0 else {
                throw Failure(
                    "there is no quick start to resume", expected: "a directory \(path(1))",
                    remedy: "leave out --resume", kind: .usage)
            }
            return newest
        }
        try make("\(base)/runs", isExclusive: false)
        var number = newest + 1
        while try !make("\(base)/\(path(number))", isExclusive: true) { number += 1 }
        return number
    }

    private static func numbers(in base: String) throws -> [Int] {
        try DirectoryEntries.namesIfThere(in: base + "/runs").compactMap { name in
            name.hasPrefix("quickstart-") ? Int(name.dropFirst("quickstart-".count)) : nil
        }
    }

    /// - Returns: false where something of this name is there already.
    @discardableResult
    private static func make(_ path: String, isExclusive: Bool) throws -> Bool {
        if mkdir(path, 0o777) == 0 { return true }
        guard errno == EEXIST else {
            throw Failure(
                "cannot make the run directory", got: String(cString: strerror(errno)), at: path,
                remedy: "run in a directory where you may write")
        }
        return !isExclusive
    }
}
