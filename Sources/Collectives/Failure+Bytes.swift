import Diagnostics

extension Failure {
    /// `error` itself, or one that carries its description.
    package init(wrapping error: any Error) {
        switch error {
        case let failure as Failure: self = failure
        case let agreed as AgreedFailure: self = agreed.failure
        default: self.init(String(describing: error))
        }
    }

    /// The failure as bytes for other ranks: the kind, then each text that is present, after its
    /// number, ended by a zero byte.
    package var encoded: [UInt8] {
        var bytes: [UInt8] = [kind == .usage ? 1 : 0]
        let texts = [
            problem.encoded, expectation?.encoded, finding?.encoded, place, advice?.encoded,
        ]
        for (number, text) in texts.enumerated() {
            guard let text else { continue }
            bytes.append(UInt8(number))
            bytes += text.utf8.filter { $0 != 0 }
            bytes.append(0)
        }
        return bytes
    }

    /// Reads what `encoded` wrote; nil where nothing was written.
    package init?(encoded bytes: [UInt8]) {
        guard let kind = bytes.first else { return nil }
        self.init("", kind: kind == 1 ? .usage : .failure)
        var rest = bytes.dropFirst()
        while let number = rest.popFirst() {
            let text = String(decoding: rest.prefix { $0 != 0 }, as: UTF8.self)
            rest = rest.dropFirst(while: { $0 != 0 })
            switch number {
            case 0: problem = FailureText(encoded: text)
            case 1: expectation = FailureText(encoded: text)
            case 2: finding = FailureText(encoded: text)
            case 3: place = text
            default: advice = FailureText(encoded: text)
            }
        }
    }
}

extension ArraySlice<UInt8> {
    /// The part after the first byte that does not satisfy `condition`.
    fileprivate func dropFirst(while condition: (UInt8) -> Bool) -> Self {
        drop(while: condition).dropFirst()
    }
}
