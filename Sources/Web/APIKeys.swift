import Crypto
import Diagnostics
import Files

/// The keys with which clients may come; none lets everyone in.
///
/// Hashes of one length are compared, all of them and to their ends: the time tells nothing.
package struct APIKeys: Sendable {
    private let hashes: [[UInt8]]

    package init(_ keys: [String]) {
        hashes = keys.map(Self.hash)
    }

    /// The keys of a file, one a line; empty lines and those that begin with # are passed over.
    ///
    /// - Throws: a usage `Failure` for a file without a key.
    package init(file: String) throws {
        let bytes = try FileReader.bytes(of: file, what: "cannot read the API keys")
        let keys = String(decoding: bytes, as: UTF8.self).split(whereSeparator: \.isNewline)
            .map { $0.trimmingPrefix(while: \.isWhitespace) }
            .map { String($0.reversed().drop(while: \.isWhitespace).reversed()) }
            .filter { !$0.isEmpty && !$0.hasPrefix("#") }
        guard !keys.isEmpty else {
            throw Failure(
                "the file of API keys is empty", expected: "a key a line", got: "none", at: file,
                kind: .usage)
        }
        self.init(keys)
    }

    package var isEmpty: Bool { hashes.isEmpty }

    /// A short name of the key that a request brings, by which requests of different keys are kept apart;
    /// nil where it brings none that counts.
    package func name(ofKeyIn request: WebRequest) -> String? {
        guard !isEmpty else { return "" }
        let header = request.headers["authorization"] ?? ""
        let prefix = "Bearer "
        guard header.count > prefix.count, header.lowercased().hasPrefix(prefix.lowercased()) else {
            return nil
        }
        let given = Self.hash(String(header.dropFirst(prefix.count)))
        var found = -1
        for (index, hash) in hashes.enumerated() {
            let difference = zip(hash, given).reduce(UInt8(0)) { $0 | ($1.0 ^ $1.1) }
            if difference == 0 { found = index }
        }
        return found < 0 ? nil : "key \(found)"
    }

    private static func hash(_ key: String) -> [UInt8] {
        Array(SHA256.hash(data: Array(key.utf8)))
    }
}
