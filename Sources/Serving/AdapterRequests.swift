import Diagnostics
import JSON
import Web

/// `/v1/adapters`: what is served beside the first model, loaded and dropped without a restart.
extension ModelService {
    static var adaptersPath: String { RequestDealer.adaptersPath }

    var adapters: WebReply {
        WebReply([
            "object": "list",
            "data": .array(
                served.dropFirst().map {
                    ["name": .string($0.name), "path": .string($0.path)]
                }),
        ])
    }

    /// Loads the adapter of a request.
    func loadAdapter(_ fields: RequestFields) throws(APIFailure) -> WebReply {
        guard let name = try fields.string("name"), !name.isEmpty else {
            throw fields.wrong("name", expected: "a name")
        }
        guard let path = try fields.string("path") else {
            throw fields.wrong("path", expected: "a directory of the server")
        }
        guard !served.contains(where: { $0.name == name }) else {
            throw APIFailure(
                "There is a model `\(name)` already.", field: "name", status: 409)
        }
        return .later { [self] in
            do {
                let model = try loader.load(path, name: name, besides: first)
                try add(model)
                return WebReply(status: 201, model.json)
            } catch { return APIFailure(error).reply }
        }
    }

    func dropAdapter(_ name: String) throws(APIFailure) -> WebReply {
        guard served.dropFirst().contains(where: { $0.name == name }) else {
            throw APIFailure(
                "There is no adapter `\(name)`.", field: "name", code: "model_not_found",
                status: 404)
        }
        remove(name)
        return WebReply(["name": .string(name), "deleted": true])
    }
}
