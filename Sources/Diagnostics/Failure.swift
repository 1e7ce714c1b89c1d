import Foundation

/// An error of the world (a file, MPI, HDF5, a recipe), worded so that the reader can act on it.
///
/// `line` renders it as the one line that the program prints:
/// `what: expected E, got G (where); what to do`.
package struct Failure: Error, Equatable, Sendable {
    /// Decides the exit code of the program.
    package enum Kind: Sendable {
        /// Wrong usage or a wrong recipe: exit code 64.
        case usage
        /// Everything else: exit code 1.
        case failure
    }

    package var kind: Kind
    /// What failed, in the words of the user ("cannot read the token shard").
    package var problem: FailureText
    package var expectation: FailureText?
    package var finding: FailureText?
    /// The file, key, dataset or call at which it failed.
    package var place: String?
    /// What the reader can do about the failure, as an imperative.
    package var advice: FailureText?

    package init(
        _ what: any FailureTextConvertible, expected: (any FailureTextConvertible)? = nil,
        got: (any FailureTextConvertible)? = nil, at place: String? = nil,
        remedy: (any FailureTextConvertible)? = nil, kind: Kind = .failure
    ) {
        self.kind = kind
        problem = what.failureText
        expectation = expected?.failureText
        finding = got?.failureText
        self.place = place
        advice = remedy?.failureText
    }

    /// The problem as it is printed.
    package var what: String { problem.description }

    /// What was expected, as it is printed.
    package var expected: String? { expectation?.description }

    /// The finding in place of what was expected, as it is printed.
    package var got: String? {
        get { finding?.description }
        set { finding = newValue?.failureText }
    }

    /// What the reader can do about the failure, as it is printed.
    package var remedy: String? {
        get { advice?.description }
        set { advice = newValue?.failureText }
    }

    /// The keys of a recipe that the problem is about.
    package var keys: [String] { problem.keys }

    /// The failure with other names for the keys in all its texts.
    package func renamingKeys(_ name: (String) -> String) -> Failure {
        var renamed = self
        renamed.problem = problem.renamingKeys(name)
        renamed.expectation = expectation?.renamingKeys(name)
        renamed.finding = finding?.renamingKeys(name)
        renamed.advice = advice?.renamingKeys(name)
        return renamed
    }

    package var exitCode: Int32 {
        switch kind {
        case .usage: 64
        case .failure: 1
        }
    }

    /// Parts that hostile files blew up are cut; control characters, of which some command a
    /// terminal, are replaced, line breaks excepted.
    package var line: String {
        var line = Self.printable(what)
        let facts = [
            expected.map { "expected \(Self.printable($0))" },
            got.map { "got \(Self.printable($0))" },
        ].compactMap { $0 }
        if !facts.isEmpty { line += ": " + facts.joined(separator: ", ") }
        if let place { line += " (\(Self.printable(place)))" }
        if let remedy { line += "; \(Self.printable(remedy))" }
        return line
    }

    /// UTF-8 bytes of one part: room for all the tensors of a small model.
    private static let maximumSize = 1 << 13

    private static func printable(_ part: String) -> String {
        var text = ""
        for scalar in part.unicodeScalars {
            guard text.utf8.count < maximumSize else { return text + " ..." }
            let isControl = scalar.value < 0x20 || (0x7F..<0xA0).contains(scalar.value)
            text.unicodeScalars.append(isControl && scalar != "\n" ? "\u{FFFD}" : scalar)
        }
        return text
    }
}

extension Failure: CustomStringConvertible {
    package var description: String { line }
}

extension Failure {
    /// Prints the program's line and ends the process, from code that cannot throw.
    ///
    /// Nothing is cleaned up: under MPI the launcher sees that a rank ended with an error, and ends the
    /// others.
    package func endProcess() -> Never {
        try? FileHandle.standardError.write(contentsOf: Data("swift-llm-train: \(line)\n".utf8))
        _exit(exitCode)
    }
}
