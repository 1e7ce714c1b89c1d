import Diagnostics
import NIOSSL

/// The certificate that a server shows, and its key.
package struct WebEncryption: Sendable {
    let configuration: TLSConfiguration

    /// - Parameters:
    ///   - certificate: a PEM file of the server's certificate and those that vouch for it, in this order.
    ///   - key: a PEM file of its private key.
    /// - Throws: a usage `Failure` for files that cannot be read, and for a key of another certificate.
    package init(certificate: String, key: String) throws {
        let chain = try Self.read(certificate, expected: "a PEM file of certificates") {
            try NIOSSLCertificate.fromPEMFile(certificate)
        }
        let secret = try Self.read(key, expected: "a PEM file of a private key") {
            try NIOSSLPrivateKey(file: key, format: .pem)
        }
        configuration = .makeServerConfiguration(
            certificateChain: chain.map { .certificate($0) }, privateKey: .privateKey(secret))
        _ = try Self.read(key, expected: "the key of \(certificate)") {
            try NIOSSLContext(configuration: configuration)
        }
    }

    private static func read<Value>(
        _ path: String, expected: String, _ body: () throws -> Value
    ) throws -> Value {
        do { return try body() } catch {
            throw Failure(
                "connections cannot be encrypted", expected: expected, got: "\(error)", at: path,
                remedy: "give --tls-certificate and --tls-key as PEM files that belong together",
                kind: .usage)
        }
    }
}
