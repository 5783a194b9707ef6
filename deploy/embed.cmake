# Writes a text file as a C string literal: cmake -DIN= -DOUT= -DNAME= -P embed.cmake
file(READ ${IN} text)
string(REPLACE "\\" "\\\\" text "${text}")
string(REPLACE "\"" "\\\"" text "${text}")
string(REPLACE "\n" "\\n\"\n\"" text "${text}")
file(WRITE ${OUT} "static const char ${NAME}[] = \"${text}\";\n")
