-- The answers, for HAProxy.
local statuses = {200, 201, 404, 410, 502}

local function answer(applet, status, body)
    applet:set_status(status)
    applet:add_header("content-length", #body)
    applet:start_response()
    applet:send(body)
end

core.register_service("site", "http", function(applet)
    local body = applet:receive()
    local n = applet.path:match("^/id/(%d+)$")
    if n then
        return answer(applet, statuses[tonumber(n) % 5 + 1], "id " .. n .. "\n")
    end
    if applet.path:match("^/length/") then
        return answer(applet, 200, "length " .. #body .. "\n")
    end
    local bytes = applet.path:match("^/big/(%d+)/")
    if bytes then
        return answer(applet, 200, string.rep("0123456789abcdef", math.floor(tonumber(bytes) / 16)))
    end
    if applet.path:match("^/chunked/") then
        -- Without a length it is chunked.
        applet:set_status(200)
        applet:start_response()
        for chunk = 0, 9 do
            applet:send("chunk " .. chunk .. "\n")
        end
        return
    end
    answer(applet, 400, "not known\n")
end)
