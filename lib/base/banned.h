/*
 * Functions that do not compile in this project (force-included everywhere), because each has a safer equal:
 * no bound (strcpy, strcat, strncat, sprintf, gets, scanf), hidden state (strtok, localtime, gmtime, ctime),
 * no error (atoi, atof), a shell (system, popen), no seed (rand), the locale's decimal point (strtod), a race
 * (tmpnam, mktemp). Function-like macros, so that members of foreign structs may keep such names.
 */
#ifndef SS_BASE_BANNED_H
#define SS_BASE_BANNED_H
#ifndef __cplusplus

/* First the headers that declare them: */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#undef strcpy
#define strcpy(...) sorry_strcpy_is_banned_see_base_banned_h
#undef strcat
#define strcat(...) sorry_strcat_is_banned_see_base_banned_h
#undef strncat
#define strncat(...) sorry_strncat_is_banned_see_base_banned_h
#undef sprintf
#define sprintf(...) sorry_sprintf_is_banned_see_base_banned_h
#undef vsprintf
#define vsprintf(...) sorry_vsprintf_is_banned_see_base_banned_h
#undef strtok
#define strtok(...) sorry_strtok_is_banned_see_base_banned_h
#undef localtime
#define localtime(...) sorry_localtime_is_banned_see_base_banned_h
#undef gmtime
#define gmtime(...) sorry_gmtime_is_banned_see_base_banned_h
#undef ctime
#define ctime(...) sorry_ctime_is_banned_see_base_banned_h
#undef asctime
#define asctime(...) sorry_asctime_is_banned_see_base_banned_h
#undef atoi
#define atoi(...) sorry_atoi_is_banned_see_base_banned_h
#undef atol
#define atol(...) sorry_atol_is_banned_see_base_banned_h
#undef atof
#define atof(...) sorry_atof_is_banned_see_base_banned_h
#undef gets
#define gets(...) sorry_gets_is_banned_see_base_banned_h
#undef scanf
#define scanf(...) sorry_scanf_is_banned_see_base_banned_h
#undef sscanf
#define sscanf(...) sorry_sscanf_is_banned_see_base_banned_h
#undef fscanf
#define fscanf(...) sorry_fscanf_is_banned_see_base_banned_h
#undef system
#define system(...) sorry_system_is_banned_see_base_banned_h
#undef popen
#define popen(...) sorry_popen_is_banned_see_base_banned_h
#undef rand
#define rand(...) sorry_rand_is_banned_see_base_banned_h
#undef srand
#define srand(...) sorry_srand_is_banned_see_base_banned_h
#undef random
#define random(...) sorry_random_is_banned_see_base_banned_h
#undef strtod
#define strtod(...) sorry_strtod_is_banned_see_base_banned_h
#undef strtof
#define strtof(...) sorry_strtof_is_banned_see_base_banned_h
#undef tmpnam
#define tmpnam(...) sorry_tmpnam_is_banned_see_base_banned_h
#undef mktemp
#define mktemp(...) sorry_mktemp_is_banned_see_base_banned_h

#endif
#endif
