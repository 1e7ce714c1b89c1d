import Diagnostics
import Glibc

/// The names beside a target, hidden but for one, under which unfinished things lie.
package enum TemporaryName {
    static let partialSuffix = ".partial"
    static let replacedSuffix = ".replaced"

    /// `.NAME.partial` beside NAME: being written.
    static func partial(of path: String) -> String { beside(path, suffix: partialSuffix) }

    /// `NAME.PROCESS.partial` beside NAME: being written by this process alone.
    static func ownPartial(of path: String) -> String { "\(path).\(getpid())\(partialSuffix)" }

    /// `.NAME.replaced` beside NAME: about to be removed.
    static func replaced(of path: String) -> String { beside(path, suffix: replacedSuffix) }

    static func isTemporary(_ name: String) -> Bool {
        name.hasPrefix(".") && (name.hasSuffix(partialSuffix) || name.hasSuffix(replacedSuffix))
    }

    /// NAME of `.NAME.replaced`; nil for other names.
    static func original(ofReplaced name: String) -> String? {
        guard isTemporary(name), name.hasSuffix(replacedSuffix) else { return nil }
        return String(name.dropFirst().dropLast(replacedSuffix.count))
    }

    /// The path under which a reader will find what is written at `path`: messages name this one.
    package static func published(_ path: String) -> String {
        path.split(separator: "/", omittingEmptySubsequences: false)
            .map { originalName(String($0)) }.joined(separator: "/")
    }

    /// NAME of `.NAME.partial`, `.NAME.replaced` and `NAME.PROCESS.partial`; others stay.
    private static func originalName(_ name: String) -> String {
        for suffix in [partialSuffix, replacedSuffix] where name.hasSuffix(suffix) {
            let rest = name.dropLast(suffix.count)
            if rest.hasPrefix(".") { return String(rest.dropFirst()) }
            let own = rest.lastIndex(of: ".").map { (rest[..<$0], rest[$0...].dropFirst()) }
            if let (name, process) = own, Int(process) != nil { return String(name) }
        }
        return name
    }

    /// Renames, and puts the new name on the disk.
    static func rename(_ source: String, to path: String) throws(Failure) {
        try SystemCall.check("cannot rename what was written", at: published(path)) {
            Glibc.rename(source, path)
        }
        try DirectoryEntries.synchronize(DirectoryEntries.split(path).parent)
    }

    private static func beside(_ path: String, suffix: String) -> String {
        let (parent, name) = DirectoryEntries.split(path)
        precondition(!name.isEmpty && name != "." && name != "..", "no file name in '\(path)'")
        return (parent == "/" ? "" : parent) + "/.\(name)\(suffix)"
    }
}
